import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    bbox_head: {
      type: 'RetinaHead',
      anchor_generator: {
        type: 'LegacyAnchorGenerator',
        center_offset: 0.5,
        octave_base_scale: 4,
        scales_per_octave: 3,
        ratios: [0.5, 1, 2],
        strides: [8, 16, 32, 64, 128],
      },
      bbox_coder: { type: 'LegacyDeltaXYWHBBoxCoder' },
      loss_bbox: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 1 },
    },
  },
});
