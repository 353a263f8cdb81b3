import { defineConfig } from '../../src/catalogue/define-config';

// The tour's model: a few minutes on two CPU cores, thanks to a pyramid of half the usual width.
export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r18_fpn_scratch',
    '../_base_/datasets/toytown',
    '../_base_/schedules/schedule_scratch',
    '../_base_/default_runtime',
  ],
  model: {
    neck: { out_channels: 128 },
    rpn_head: { in_channels: 128, feat_channels: 128 },
    roi_head: {
      bbox_roi_extractor: { out_channels: 128 },
      bbox_head: { in_channels: 128, fc_out_channels: 512 },
    },
  },
  train_cfg: { max_epochs: 6 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.01, by_epoch: false, begin: 0, end: 30 },
    { type: 'MultiStepLR', begin: 0, end: 6, by_epoch: true, milestones: [4, 5], gamma: 0.1 },
  ],
});
