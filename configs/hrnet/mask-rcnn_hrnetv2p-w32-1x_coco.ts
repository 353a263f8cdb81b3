import { defineConfig } from '../../src/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
  model: {
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
    neck: { _delete_: true, type: 'HRFPN', in_channels: [32, 64, 128, 256], out_channels: 256 },
  },
});
