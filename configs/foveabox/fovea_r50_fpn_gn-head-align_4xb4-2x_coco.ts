import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fovea_r50_fpn_4xb4-1x_coco',
  model: { bbox_head: { with_deform: true, norm_cfg: { type: 'GN', num_groups: 32, requires_grad: true } } },
  max_epochs: 24,
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 24, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 24 },
  optim_wrapper: { clip_grad: { max_norm: 35, norm_type: 2 } },
});
