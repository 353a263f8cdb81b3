import { defineConfig } from '../../../src/catalogue/define-config';

// From random weights on one machine: a short warm-up, and gradients clipped because the first steps are wild.
// A config that inherits sets train_cfg.max_epochs and its own param_scheduler.
export default defineConfig({
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.01, by_epoch: false, begin: 0, end: 100 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 },
    clip_grad: { max_norm: 10, norm_type: 2 },
  },
});
