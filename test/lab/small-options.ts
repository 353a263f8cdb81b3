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
  'val_dataloader.dataset.pipeline.1.scale': [96, 64],
  'test_dataloader.dataset.pipeline.1.scale': [96, 64],
  'default_hooks.logger.interval': 2,
};

/** The same for the command line. */
export const smallArguments = [
  '--cfg-options',
  ...Object.entries(smallOptions).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
];
