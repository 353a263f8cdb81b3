import { defineConfig } from '../../src/catalogue/define-config';
import { nine_anchors } from '../_base_/models/dense';

export default defineConfig({
  _base_: '../retinanet/retinanet_r50_fpn_1x_coco',
  model: {
    bbox_head: {
      _delete_: true,
      type: 'FreeAnchorRetinaHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 4,
      feat_channels: 256,
      anchor_generator: nine_anchors,
      bbox_coder: { type: 'DeltaXYWHBBoxCoder', target_means: [0, 0, 0, 0], target_stds: [0.1, 0.1, 0.2, 0.2] },
      loss_bbox: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 0.75 },
    },
  },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
