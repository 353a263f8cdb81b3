const model_test_cfg = {
  multi_label: true,
  nms_pre: 30000,
  score_thr: 0.001,
  nms: { type: 'nms', iou_threshold: 0.7 },
  max_per_img: 300,
};

const strides = [8, 16, 32];

const norm_cfg = { type: 'BN', momentum: 0.03, eps: 0.001 };

const albu_train_transforms = [
  { type: 'Blur', p: 0.01 },
  { type: 'MedianBlur', p: 0.01 },
  { type: 'ToGray', p: 0.01 },
  { type: 'CLAHE', p: 0.01 },
];

const pre_transform = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
];

const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114.0, pre_transform: pre_transform },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0.0,
    max_shear_degree: 0.0,
    scaling_ratio_range: [0.5, 1.5],
    max_aspect_ratio: 100,
    border: [-320, -320],
    border_val: [114, 114, 114],
  },
  {
    type: 'mmdet.Albu',
    transforms: albu_train_transforms,
    bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
    keymap: { img: 'image', gt_bboxes: 'bboxes' },
  },
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
  },
];

const train_pipeline_stage2 = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: true, pad_val: { img: 114.0 } },
  {
    type: 'YOLOv5RandomAffine',
    max_rotate_degree: 0.0,
    max_shear_degree: 0.0,
    scaling_ratio_range: [0.5, 1.5],
    max_aspect_ratio: 100,
    border_val: [114, 114, 114],
  },
  {
    type: 'mmdet.Albu',
    transforms: albu_train_transforms,
    bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
    keymap: { img: 'image', gt_bboxes: 'bboxes' },
  },
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.RandomFlip', prob: 0.5 },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
  },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true, _scope_: 'mmdet' },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'],
  },
];

const val_dataloader = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  pin_memory: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler', shuffle: false },
  dataset: {
    type: 'YOLOv5CocoDataset',
    data_root: 'data/coco/',
    test_mode: true,
    data_prefix: { img: 'val2017/' },
    ann_file: 'annotations/instances_val2017.json',
    pipeline: test_pipeline,
    batch_shapes_cfg: null,
  },
};

const val_evaluator = {
  type: 'mmdet.CocoMetric',
  proposal_nums: [100, 1, 10],
  ann_file: 'data/coco/annotations/instances_val2017.json',
  metric: 'bbox',
};

export default {
  _base_: ['../_base_/mmyolo/default_runtime', '../_base_/mmyolo/det_p5_tta'],
  data_root: 'data/coco/',
  train_ann_file: 'annotations/instances_train2017.json',
  train_data_prefix: 'train2017/',
  val_ann_file: 'annotations/instances_val2017.json',
  val_data_prefix: 'val2017/',
  num_classes: 80,
  train_batch_size_per_gpu: 16,
  train_num_workers: 8,
  persistent_workers: true,
  base_lr: 0.01,
  max_epochs: 500,
  close_mosaic_epochs: 10,
  model_test_cfg,
  img_scale: [640, 640],
  dataset_type: 'YOLOv5CocoDataset',
  val_batch_size_per_gpu: 1,
  val_num_workers: 2,
  batch_shapes_cfg: null,
  deepen_factor: 0.33,
  widen_factor: 0.5,
  strides,
  last_stage_out_channels: 1024,
  num_det_layers: 3,
  norm_cfg,
  affine_scale: 0.5,
  max_aspect_ratio: 100,
  tal_topk: 10,
  tal_alpha: 0.5,
  tal_beta: 6.0,
  loss_cls_weight: 0.5,
  loss_bbox_weight: 7.5,
  loss_dfl_weight: 0.375,
  lr_factor: 0.01,
  weight_decay: 0.0005,
  save_epoch_intervals: 10,
  val_interval_stage2: 1,
  max_keep_ckpts: 2,
  env_cfg: { cudnn_benchmark: true },
  model: {
    type: 'YOLODetector',
    data_preprocessor: {
      type: 'YOLOv5DetDataPreprocessor',
      mean: [0.0, 0.0, 0.0],
      std: [255.0, 255.0, 255.0],
      bgr_to_rgb: true,
    },
    backbone: {
      type: 'YOLOv8CSPDarknet',
      arch: 'P5',
      last_stage_out_channels: 1024,
      deepen_factor: 0.33,
      widen_factor: 0.5,
      norm_cfg: norm_cfg,
      act_cfg: { type: 'SiLU', inplace: true },
    },
    neck: {
      type: 'YOLOv8PAFPN',
      deepen_factor: 0.33,
      widen_factor: 0.5,
      in_channels: [256, 512, 1024],
      out_channels: [256, 512, 1024],
      num_csp_blocks: 3,
      norm_cfg: norm_cfg,
      act_cfg: { type: 'SiLU', inplace: true },
    },
    bbox_head: {
      type: 'YOLOv8Head',
      head_module: {
        type: 'YOLOv8HeadModule',
        num_classes: 80,
        in_channels: [256, 512, 1024],
        widen_factor: 0.5,
        reg_max: 16,
        norm_cfg: norm_cfg,
        act_cfg: { type: 'SiLU', inplace: true },
        featmap_strides: strides,
      },
      prior_generator: { type: 'mmdet.MlvlPointGenerator', offset: 0.5, strides: strides },
      bbox_coder: { type: 'DistancePointBBoxCoder' },
      loss_cls: { type: 'mmdet.CrossEntropyLoss', use_sigmoid: true, reduction: 'none', loss_weight: 0.5 },
      loss_bbox: {
        type: 'IoULoss',
        iou_mode: 'ciou',
        bbox_format: 'xyxy',
        reduction: 'sum',
        loss_weight: 7.5,
        return_iou: false,
      },
      loss_dfl: { type: 'mmdet.DistributionFocalLoss', reduction: 'mean', loss_weight: 0.375 },
    },
    train_cfg: {
      assigner: {
        type: 'BatchTaskAlignedAssigner',
        num_classes: 80,
        use_ciou: true,
        topk: 10,
        alpha: 0.5,
        beta: 6.0,
        eps: 1e-9,
      },
    },
    test_cfg: model_test_cfg,
  },
  albu_train_transforms,
  pre_transform,
  last_transform: [
    {
      type: 'mmdet.Albu',
      transforms: albu_train_transforms,
      bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
      keymap: { img: 'image', gt_bboxes: 'bboxes' },
    },
    { type: 'YOLOv5HSVRandomAug' },
    { type: 'mmdet.RandomFlip', prob: 0.5 },
    {
      type: 'mmdet.PackDetInputs',
      meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
    },
  ],
  train_pipeline,
  train_pipeline_stage2,
  train_dataloader: {
    batch_size: 16,
    num_workers: 8,
    persistent_workers: true,
    pin_memory: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    collate_fn: { type: 'yolov5_collate' },
    dataset: {
      type: 'YOLOv5CocoDataset',
      data_root: 'data/coco/',
      ann_file: 'annotations/instances_train2017.json',
      data_prefix: { img: 'train2017/' },
      filter_cfg: { filter_empty_gt: false, min_size: 32 },
      pipeline: train_pipeline,
    },
  },
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  param_scheduler: null,
  optim_wrapper: {
    type: 'OptimWrapper',
    clip_grad: { max_norm: 10.0 },
    optimizer: { type: 'SGD', lr: 0.01, momentum: 0.937, weight_decay: 0.0005, nesterov: true, batch_size_per_gpu: 16 },
    constructor: 'YOLOv5OptimizerConstructor',
  },
  default_hooks: {
    param_scheduler: { type: 'YOLOv5ParamSchedulerHook', scheduler_type: 'linear', lr_factor: 0.01, max_epochs: 500 },
    checkpoint: { type: 'CheckpointHook', interval: 10, save_best: 'auto', max_keep_ckpts: 2 },
  },
  custom_hooks: [
    {
      type: 'EMAHook',
      ema_type: 'ExpMomentumEMA',
      momentum: 0.0001,
      update_buffers: true,
      strict_load: false,
      priority: 49,
    },
    { type: 'mmdet.PipelineSwitchHook', switch_epoch: 490, switch_pipeline: train_pipeline_stage2 },
  ],
  val_evaluator,
  test_evaluator: val_evaluator,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 500, val_interval: 10, dynamic_intervals: [[490, 1]] },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
};
