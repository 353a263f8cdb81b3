// 50 epochs on 8 x 8 crops of 640 pixels, as NAS-FPN and FPG train.
export default {
  _base_: './schedule_1x',
  max_epochs: 50,
  train_cfg: { max_epochs: 50 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 50, by_epoch: true, milestones: [30, 40], gamma: 0.1 },
  ],
  optim_wrapper: {
    optimizer: { type: 'SGD', lr: 0.08, momentum: 0.9, weight_decay: 0.0001 },
    paramwise_cfg: { norm_decay_mult: 0, bypass_duplicate: true },
  },
  auto_scale_lr: { base_batch_size: 64 },
};
