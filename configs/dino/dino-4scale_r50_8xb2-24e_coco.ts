import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './dino-4scale_r50_8xb2-12e_coco',
  max_epochs: 24,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 24, val_interval: 1 },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 24, by_epoch: true, milestones: [20], gamma: 0.1 }],
});
