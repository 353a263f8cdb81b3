import { ema_hook_rtmdet } from '../_base_/mmyolo/yolo_coco';

const train_pipeline_stage2 = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'mmdet.Resize', scale: [640, 640], keep_ratio: true },
  { type: 'mmdet.Pad', pad_to_square: true, pad_val: { img: [114, 114, 114] } },
  { type: 'mmdet.YOLOXHSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  { type: 'mmdet.FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'mmdet.PackDetInputs' },
];

export default {
  _base_: './yolox_s_fast_8xb8-300e_coco',
  train_batch_size_per_gpu: 32,
  batch_augments_interval: 1,
  num_last_epochs: 20,
  base_lr: 0.004,
  ema_momentum: 0.0002,
  optim_wrapper: {
    _delete_: true,
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.004, weight_decay: 0.05 },
    paramwise_cfg: { norm_decay_mult: 0, bias_decay_mult: 0, bypass_duplicate: true },
  },
  model: {
    data_preprocessor: {
      batch_augments: [
        { type: 'YOLOXBatchSyncRandomResize', random_size_range: [480, 800], size_divisor: 32, interval: 1 },
      ],
    },
  },
  param_scheduler: [
    { type: 'mmdet.QuadraticWarmupLR', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: 0.0002,
      begin: 5,
      T_max: 280,
      end: 280,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    { type: 'ConstantLR', by_epoch: true, factor: 1, begin: 280, end: 300 },
  ],
  custom_hooks: [
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 20, new_train_pipeline: train_pipeline_stage2, priority: 48 },
    { type: 'mmdet.SyncNormHook', priority: 48 },
    ema_hook_rtmdet,
  ],
  train_dataloader: { batch_size: 32 },
  train_cfg: { dynamic_intervals: [[280, 1]] },
  auto_scale_lr: { base_batch_size: 256 },
};
