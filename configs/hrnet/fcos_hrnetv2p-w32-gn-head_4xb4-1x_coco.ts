import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../fcos/fcos_r50-caffe_fpn_gn-head_4xb4-1x_coco',
  model: {
    data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395], bgr_to_rgb: false },
    backbone: {
      _delete_: true,
      type: 'HRNet',
      extra: {
        stage1: { num_modules: 1, num_branches: 1, block: 'BOTTLENECK', num_blocks: [4], num_channels: [64] },
        stage2: { num_modules: 1, num_branches: 2, block: 'BASIC', num_blocks: [4, 4], num_channels: [32, 64] },
        stage3: { num_modules: 4, num_branches: 3, block: 'BASIC', num_blocks: [4, 4, 4], num_channels: [32, 64, 128] },
        stage4: {
          num_modules: 3,
          num_branches: 4,
          block: 'BASIC',
          num_blocks: [4, 4, 4, 4],
          num_channels: [32, 64, 128, 256],
        },
      },
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://msra/hrnetv2_w32' },
    },
    neck: { _delete_: true, type: 'HRFPN', in_channels: [32, 64, 128, 256], out_channels: 256, stride: 2, num_outs: 5 },
  },
});
