// A real Mask R-CNN, small enough to train for a few iterations in a test, for images of 96 x 64 pixels.

import { detector } from '../../src';

export const smallMask = () =>
  detector('mask-rcnn_r50_fpn_1x_coco', {
    options: {
      'model.backbone.depth': 18,
      'model.backbone.base_channels': 8,
      'model.backbone.frozen_stages': -1,
      'model.backbone.norm_eval': false,
      'model.backbone.init_cfg': null,
      'model.neck.in_channels': [8, 16, 32, 64],
      'model.neck.out_channels': 16,
      'model.rpn_head.in_channels': 16,
      'model.rpn_head.feat_channels': 16,
      'model.roi_head.bbox_roi_extractor.out_channels': 16,
      'model.roi_head.bbox_head.in_channels': 16,
      'model.roi_head.bbox_head.fc_out_channels': 32,
      'model.roi_head.mask_roi_extractor.out_channels': 16,
      'model.roi_head.mask_head.in_channels': 16,
      'model.roi_head.mask_head.conv_out_channels': 16,
      'model.roi_head.mask_head.num_convs': 1,
      'model.test_cfg.rcnn.score_thr': 0.01,
      'model.test_cfg.rcnn.max_per_img': 5,
      'train_dataloader.dataset.pipeline.2.scale': [96, 64],
      'val_dataloader.dataset.pipeline.1.scale': [96, 64],
      'test_dataloader.dataset.pipeline.1.scale': [96, 64],
      'train_dataloader.dataset.filter_cfg.min_size': 16,
    },
  });
