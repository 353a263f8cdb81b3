// YOLOv4 with the settings of darknet's yolov4.cfg: 500500 iterations of 64 images are 273 epochs, its steps at 400000 and 450000
// are epochs 218 and 245.

const data_preprocessor = {
  type: 'DetDataPreprocessor',
  mean: [0, 0, 0],
  std: [255.0, 255.0, 255.0],
  bgr_to_rgb: true,
  pad_size_divisor: 32,
  batch_augments: [{ type: 'BatchSyncRandomResize', random_size_range: [416, 800], size_divisor: 32, interval: 10 }],
};

const train_pipeline = [
  { type: 'Mosaic', img_scale: [608, 608], pad_val: 114.0 },
  {
    type: 'RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    scaling_ratio_range: [0.5, 1.5],
    border: [-304, -304],
  },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
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
    filter_cfg: { filter_empty_gt: true, min_size: 32 },
    backend_args: null,
  },
  pipeline: train_pipeline,
};

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
    type: 'YOLOV4',
    data_preprocessor,
    backbone: { type: 'CSPDarknet53', out_indices: [3, 4, 5] },
    neck: { type: 'YOLOV4Neck', in_channels: [256, 512, 1024], out_channels: [128, 256, 512] },
    bbox_head: {
      type: 'YOLOV4Head',
      num_classes: 80,
      in_channels: [128, 256, 512],
      out_channels: [256, 512, 1024],
      anchor_generator: {
        type: 'YOLOAnchorGenerator',
        base_sizes: [
          [
            [12, 16],
            [19, 36],
            [40, 28],
          ],
          [
            [36, 75],
            [76, 55],
            [72, 146],
          ],
          [
            [142, 110],
            [192, 243],
            [459, 401],
          ],
        ],
        strides: [8, 16, 32],
      },
      bbox_coder: { type: 'YOLOBBoxCoder' },
      featmap_strides: [8, 16, 32],
      scale_x_y: [1.2, 1.1, 1.05],
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0 },
      loss_conf: { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1.0 },
      loss_bbox: { type: 'IoULoss', iou_mode: 'ciou', bbox_format: 'xyxy', loss_weight: 0.07 },
    },
    train_cfg: { assigner: { type: 'AnchorShapeAssigner', iou_thresh: 0.213, ignore_thresh: 0.7 } },
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
  train_cfg: { max_epochs: 273, val_interval: 7 },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.0013, momentum: 0.949, weight_decay: 0.0005 },
    paramwise_cfg: { norm_decay_mult: 0.0, bias_decay_mult: 0.0 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.0001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', by_epoch: true, milestones: [218, 245], gamma: 0.1 },
  ],
  default_hooks: { checkpoint: { type: 'CheckpointHook', interval: 7 } },
  auto_scale_lr: { base_batch_size: 64 },
};
