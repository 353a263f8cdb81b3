import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../cornernet/cornernet_hourglass104_8xb6-210e-mstest_coco',
  model: {
    bbox_head: {
      _delete_: true,
      type: 'CentripetalHead',
      num_classes: 80,
      in_channels: 256,
      num_feat_levels: 2,
      corner_emb_channels: 0,
      loss_heatmap: { type: 'GaussianFocalLoss', alpha: 2, gamma: 4, loss_weight: 1 },
      loss_offset: { type: 'SmoothL1Loss', beta: 1, loss_weight: 1 },
      loss_guiding_shift: { type: 'SmoothL1Loss', beta: 1, loss_weight: 0.05 },
      loss_centripetal_shift: { type: 'SmoothL1Loss', beta: 1, loss_weight: 1 },
    },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 1 / 3, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 210, by_epoch: true, milestones: [190], gamma: 0.1 },
  ],
  auto_scale_lr: { base_batch_size: 96 },
});
