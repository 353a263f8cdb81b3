import { defineConfig } from '../../../src/catalogue/define-config';

export default defineConfig({
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 20, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 20, by_epoch: true, milestones: [16, 19], gamma: 0.1 },
  ],
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 } },
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
