import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const pretrained =
  'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth';
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'RandomFlip', prob: 0.5 },
  {
    type: 'RandomChoice',
    transforms: [
      [
        {
          type: 'RandomChoiceResize',
          scales: [
            [480, 1333],
            [512, 1333],
            [544, 1333],
            [576, 1333],
            [608, 1333],
            [640, 1333],
            [672, 1333],
            [704, 1333],
            [736, 1333],
            [768, 1333],
            [800, 1333],
          ],
          keep_ratio: true,
        },
      ],
      [
        {
          type: 'RandomChoiceResize',
          scales: [
            [400, 1333],
            [500, 1333],
            [600, 1333],
          ],
          keep_ratio: true,
        },
        { type: 'RandomCrop', crop_type: 'absolute_range', crop_size: [384, 600], allow_negative_crop: true },
        {
          type: 'RandomChoiceResize',
          scales: [
            [480, 1333],
            [512, 1333],
            [544, 1333],
            [576, 1333],
            [608, 1333],
            [640, 1333],
            [672, 1333],
            [704, 1333],
            [736, 1333],
            [768, 1333],
            [800, 1333],
          ],
          keep_ratio: true,
        },
      ],
    ],
  },
  { type: 'PackDetInputs' },
];
const max_epochs = 36;

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  pretrained,
  model: {
    type: 'MaskRCNN',
    backbone: {
      _delete_: true,
      type: 'SwinTransformer',
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
      init_cfg: { type: 'Pretrained', checkpoint: pretrained },
    },
    neck: { in_channels: [96, 192, 384, 768] },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [27, 33], gamma: 0.1 },
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
