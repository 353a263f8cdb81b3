import { defineConfig } from '../../src/catalogue/define-config';

const pretrained =
  'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  pretrained,
  model: {
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
      out_indices: [1, 2, 3],
      with_cp: false,
      convert_weights: true,
      init_cfg: { type: 'Pretrained', checkpoint: pretrained },
    },
    neck: { in_channels: [192, 384, 768], start_level: 0, num_outs: 5 },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
});
