import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './detr_r50_8xb2-150e_coco',
  max_epochs: 500,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 500, val_interval: 10 },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 500, by_epoch: true, milestones: [334], gamma: 0.1 }],
  default_hooks: { checkpoint: { max_keep_ckpts: 2 } },
  // the learning rate above is for a batch of 16
  auto_scale_lr: { base_batch_size: 16 },
});
