import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    type: 'RetinaNet',
    backbone: {
      _delete_: true,
      type: 'PyramidVisionTransformer',
      num_layers: [2, 2, 2, 2],
      init_cfg: { checkpoint: 'https://github.com/whai362/PVT/releases/download/v2/pvt_tiny.pth' },
    },
    neck: { in_channels: [64, 128, 320, 512] },
  },
  optim_wrapper: { optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 } },
});
