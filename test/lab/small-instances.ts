// Real single-stage detectors with masks, small enough to train for a few iterations in a test, for images of 96 x 64 pixels.

import { detector } from '../../src';

const shared = {
  'model.backbone.depth': 18,
  'model.backbone.base_channels': 8,
  'model.backbone.frozen_stages': -1,
  'model.backbone.norm_eval': false,
  'model.backbone.init_cfg': null,
  'model.neck.in_channels': [8, 16, 32, 64],
  'model.neck.out_channels': 16,
  'model.mask_head.in_channels': 16,
  'model.test_cfg.score_thr': 0.005,
  'model.test_cfg.max_per_img': 5,
  'train_dataloader.dataset.pipeline.2.scale': [96, 64],
  'val_dataloader.dataset.pipeline.1.scale': [96, 64],
  'test_dataloader.dataset.pipeline.1.scale': [96, 64],
  'train_dataloader.dataset.filter_cfg.min_size': 16,
};

/** Finds instances by itself. */
export const smallSOLOv2 = () =>
  detector('solov2_r50_fpn_1x_coco', {
    options: {
      ...shared,
      'model.mask_head.feat_channels': 32,
      'model.mask_head.stacked_convs': 1,
      'model.mask_head.num_grids': [8, 6, 4, 3, 2],
      'model.mask_head.mask_feature_head.feat_channels': 32,
      'model.mask_head.mask_feature_head.norm_cfg': null,
      'model.mask_head.mask_feature_head.out_channels': 8,
      'model.test_cfg.filter_thr': 0,
      'val_evaluator.metric': ['bbox', 'segm'],
    },
  });
