const train_pipeline = [
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114.0 },
  { type: 'RandomAffine', scaling_ratio_range: [0.1, 2], border: [-320, -320] },
  { type: 'MixUp', img_scale: [640, 640], ratio_range: [0.8, 1.6], pad_val: 114.0 },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Resize', scale: [640, 640], keep_ratio: true },
  { type: 'Pad', pad_to_square: true, pad_val: { img: [114.0, 114.0, 114.0] } },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
];

const train_dataset = {
  type: 'MultiImageMixDataset',
  dataset: {
    type: 'CocoDataset',
    data_root: 'data/coco/',
    ann_file: 'annotations/instances_train2017.json',
    data_prefix: { img: 'train2017/' },
    pipeline: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'LoadAnnotations', with_bbox: true },
    ],
    filter_cfg: { filter_empty_gt: false, min_size: 32 },
    backend_args: null,
  },
  pipeline: train_pipeline,
};

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [640, 640], keep_ratio: true },
  { type: 'Pad', pad_to_square: true, pad_val: { img: [114.0, 114.0, 114.0] } },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = {
  batch_size: 8,
  num_workers: 4,
  persistent_workers: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: 'CocoDataset',
    data_root: 'data/coco/',
    ann_file: 'annotations/instances_val2017.json',
    data_prefix: { img: 'val2017/' },
    test_mode: true,
    pipeline: test_pipeline,
    backend_args: null,
  },
};

const val_evaluator = {
  type: 'CocoMetric',
  ann_file: 'data/coco/annotations/instances_val2017.json',
  metric: 'bbox',
  backend_args: null,
};

export default {
  _base_: ['../_base_/schedules/schedule_1x', '../_base_/default_runtime', './yolox_tta'],
  img_scale: [640, 640],
  model: {
    type: 'YOLOX',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      pad_size_divisor: 32,
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [480, 800], size_divisor: 32, interval: 10 },
      ],
    },
    backbone: {
      type: 'CSPDarknet',
      deepen_factor: 0.33,
      widen_factor: 0.5,
      out_indices: [2, 3, 4],
      use_depthwise: false,
      spp_kernal_sizes: [5, 9, 13],
      norm_cfg: { type: 'BN', momentum: 0.03, eps: 0.001 },
      act_cfg: { type: 'Swish' },
    },
    neck: {
      type: 'YOLOXPAFPN',
      in_channels: [128, 256, 512],
      out_channels: 128,
      num_csp_blocks: 1,
      use_depthwise: false,
      upsample_cfg: { scale_factor: 2, mode: 'nearest' },
      norm_cfg: { type: 'BN', momentum: 0.03, eps: 0.001 },
      act_cfg: { type: 'Swish' },
    },
    bbox_head: {
      type: 'YOLOXHead',
      num_classes: 80,
      in_channels: 128,
      feat_channels: 128,
      stacked_convs: 2,
      strides: [8, 16, 32],
      use_depthwise: false,
      norm_cfg: { type: 'BN', momentum: 0.03, eps: 0.001 },
      act_cfg: { type: 'Swish' },
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum', loss_weight: 1.0 },
      loss_bbox: { type: 'IoULoss', mode: 'square', eps: 1e-16, reduction: 'sum', loss_weight: 5.0 },
      loss_obj: { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum', loss_weight: 1.0 },
      loss_l1: { type: 'L1Loss', reduction: 'sum', loss_weight: 1.0 },
    },
    train_cfg: { assigner: { type: 'SimOTAAssigner', center_radius: 2.5 } },
    test_cfg: { score_thr: 0.01, nms: { type: 'nms', iou_threshold: 0.65 } },
  },
  data_root: 'data/coco/',
  dataset_type: 'CocoDataset',
  backend_args: null,
  train_pipeline,
  train_dataset,
  test_pipeline,
  train_dataloader: {
    batch_size: 8,
    num_workers: 4,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    dataset: train_dataset,
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  max_epochs: 300,
  num_last_epochs: 15,
  interval: 10,
  train_cfg: { max_epochs: 300, val_interval: 10 },
  base_lr: 0.01,
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0005, nesterov: true },
    paramwise_cfg: { norm_decay_mult: 0.0, bias_decay_mult: 0.0 },
  },
  param_scheduler: [
    { type: 'mmdet.QuadraticWarmupLR', by_epoch: true, begin: 0, end: 5, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: 0.0005,
      begin: 5,
      T_max: 285,
      end: 285,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    { type: 'ConstantLR', by_epoch: true, factor: 1, begin: 285, end: 300 },
  ],
  default_hooks: { checkpoint: { interval: 10, max_keep_ckpts: 3 } },
  custom_hooks: [
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 15, priority: 48 },
    { type: 'SyncNormHook', priority: 48 },
    { type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0001, update_buffers: true, priority: 49 },
  ],
  auto_scale_lr: { base_batch_size: 64 },
};
