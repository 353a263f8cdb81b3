import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { square_anchors, test_cfg } from '../_base_/models/dense';
import { p3_to_p7 } from '../_base_/necks/fpn';
import { torchvision_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  model: {
    type: 'TOOD',
    data_preprocessor: torchvision_pixels,
    backbone: resnet50,
    neck: p3_to_p7,
    bbox_head: {
      type: 'TOODHead',
      num_classes: 80,
      in_channels: 256,
      stacked_convs: 6,
      feat_channels: 256,
      anchor_type: 'anchor_free',
      anchor_generator: square_anchors,
      bbox_coder: {
        type: 'DeltaXYWHBBoxCoder',
        target_means: [0, 0, 0, 0],
        target_stds: [0.1, 0.1, 0.2, 0.2],
      },
      // both losses of the classes take probabilities, not logits
      initial_loss_cls: {
        type: 'FocalLoss',
        use_sigmoid: true,
        activated: true,
        gamma: 2.0,
        alpha: 0.25,
        loss_weight: 1.0,
      },
      loss_cls: { type: 'QualityFocalLoss', use_sigmoid: true, activated: true, beta: 2.0, loss_weight: 1.0 },
      loss_bbox: { type: 'GIoULoss', loss_weight: 2.0 },
    },
    train_cfg: {
      initial_epoch: 4,
      initial_assigner: { type: 'ATSSAssigner', topk: 9 },
      assigner: { type: 'TaskAlignedAssigner', topk: 13 },
      alpha: 1,
      beta: 6,
      allowed_border: -1,
      pos_weight: -1,
      debug: false,
    },
    test_cfg,
  },
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
