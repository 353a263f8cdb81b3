const data_preprocessor = {
  type: 'DetDataPreprocessor',
  mean: [0, 0, 0],
  std: [255.0, 255.0, 255.0],
  bgr_to_rgb: true,
  pad_size_divisor: 32,
};

const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Expand', mean: [0, 0, 0], to_rgb: true, ratio_range: [1, 2] },
  { type: 'MinIoURandomCrop', min_ious: [0.4, 0.5, 0.6, 0.7, 0.8, 0.9], min_crop_size: 0.3 },
  {
    type: 'RandomResize',
    scale: [
      [320, 320],
      [608, 608],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PhotoMetricDistortion' },
  { type: 'PackDetInputs' },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [608, 608], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = {
  batch_size: 1,
  num_workers: 2,
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
  _base_: ['../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  data_preprocessor,
  model: {
    type: 'YOLOV3',
    data_preprocessor: data_preprocessor,
    backbone: {
      type: 'Darknet',
      depth: 53,
      out_indices: [3, 4, 5],
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://darknet53' },
    },
    neck: { type: 'YOLOV3Neck', num_scales: 3, in_channels: [1024, 512, 256], out_channels: [512, 256, 128] },
    bbox_head: {
      type: 'YOLOV3Head',
      num_classes: 80,
      in_channels: [512, 256, 128],
      out_channels: [1024, 512, 256],
      anchor_generator: {
        type: 'YOLOAnchorGenerator',
        base_sizes: [
          [
            [116, 90],
            [156, 198],
            [373, 326],
          ],
          [
            [30, 61],
            [62, 45],
            [59, 119],
          ],
          [
            [10, 13],
            [16, 30],
            [33, 23],
          ],
        ],
        strides: [32, 16, 8],
      },
      bbox_coder: { type: 'YOLOBBoxCoder' },
      featmap_strides: [32, 16, 8],
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0, reduction: 'sum' },
      loss_conf: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0, reduction: 'sum' },
      loss_xy: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 2.0, reduction: 'sum' },
      loss_wh: { type: 'MSELoss', loss_weight: 2.0, reduction: 'sum' },
    },
    train_cfg: { assigner: { type: 'GridAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0 } },
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      conf_thr: 0.005,
      nms: { type: 'nms', iou_threshold: 0.45 },
      max_per_img: 100,
    },
  },
  dataset_type: 'CocoDataset',
  data_root: 'data/coco/',
  backend_args: null,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 8,
    num_workers: 4,
    persistent_workers: true,
    sampler: { type: 'DefaultSampler', shuffle: true },
    batch_sampler: { type: 'AspectRatioBatchSampler' },
    dataset: {
      type: 'CocoDataset',
      data_root: 'data/coco/',
      ann_file: 'annotations/instances_train2017.json',
      data_prefix: { img: 'train2017/' },
      filter_cfg: { filter_empty_gt: true, min_size: 32 },
      pipeline: train_pipeline,
      backend_args: null,
    },
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  val_evaluator,
  test_evaluator: val_evaluator,
  train_cfg: { max_epochs: 273, val_interval: 7 },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.001, momentum: 0.9, weight_decay: 0.0005 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.1, by_epoch: false, begin: 0, end: 2000 },
    { type: 'MultiStepLR', by_epoch: true, milestones: [218, 246], gamma: 0.1 },
  ],
  default_hooks: { checkpoint: { type: 'CheckpointHook', interval: 7 } },
  auto_scale_lr: { base_batch_size: 64 },
};
