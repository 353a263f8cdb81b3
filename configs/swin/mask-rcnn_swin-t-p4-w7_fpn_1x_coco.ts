import { defineConfig } from '../../src/catalogue/define-config';

const pretrained =
  'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth';
const max_epochs = 12;

export const model = {
  type: 'MaskRCNN' as const,
  backbone: {
    _delete_: true,
    type: 'SwinTransformer' as const,
    embed_dims: 96,
    depths: [2, 2, 6, 2],
    num_heads: [3, 6, 12, 24],
    window_size: 7,
    mlp_ratio: 4,
    qkv_bias: true,
    qk_scale: null,
    drop_rate: 0,
    attn_drop_rate: 0,
    drop_path_rate: 0.2,
    patch_norm: true,
    out_indices: [0, 1, 2, 3],
    with_cp: false,
    convert_weights: true,
    init_cfg: { type: 'Pretrained' as const, checkpoint: pretrained },
  },
  neck: { in_channels: [96, 192, 384, 768] },
};

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  pretrained,
  model,
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: {
    type: 'OptimWrapper',
    paramwise_cfg: {
      custom_keys: {
        absolute_pos_embed: { decay_mult: 0 },
        relative_position_bias_table: { decay_mult: 0 },
        norm: { decay_mult: 0 },
      },
    },
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, betas: [0.9, 0.999], weight_decay: 0.05 },
  },
});
