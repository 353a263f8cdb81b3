import { defineConfig } from '../../src/define-config';

const max_epochs = 20;

export default defineConfig({
  _base_: '../cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco',
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
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [16, 19], gamma: 0.1 },
  ],
});
