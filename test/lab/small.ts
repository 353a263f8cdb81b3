// A real Faster R-CNN, small enough to train for a few iterations in a test, and its data set of generated scenes.

import { dataset, detector, type LabDataset } from '../../src';

/** The tour's config with every width cut down; 96 x 64 images. */
export const smallOptions = {
  'model.backbone.base_channels': 8,
  'model.neck.out_channels': 16,
  'model.rpn_head.in_channels': 16,
  'model.rpn_head.feat_channels': 16,
  'model.roi_head.bbox_roi_extractor.out_channels': 16,
  'model.roi_head.bbox_head.in_channels': 16,
  'model.roi_head.bbox_head.fc_out_channels': 32,
  'model.train_cfg.rpn_proposal.nms_pre': 100,
  'model.train_cfg.rpn_proposal.max_per_img': 50,
  'model.test_cfg.rpn.nms_pre': 100,
  'model.test_cfg.rpn.max_per_img': 50,
  'train_dataloader.dataset.pipeline.2.scale': [96, 64],
  'test_dataloader.dataset.pipeline.1.scale': [96, 64],
  'default_hooks.logger.interval': 2,
};

export const small = () => detector('faster-rcnn_r18_fpn_toytown', { options: smallOptions });

/** 12 training and 3 validation images under `dir`. */
export const scenes = (dir: string): Promise<LabDataset> =>
  dataset.toytown({ images: 15, seed: 3, width: 96, height: 64, dir });

/** What `fit` is given in most tests. */
export const quick = { epochs: 2, workDir: false, log: () => {} } as const;
