import yolox from '../yolox/yolox_s_8xb8-300e_coco';

// YOLOv4 with the settings of darknet's yolov4.cfg: 500500 iterations of 64 images are 273 epochs, its steps at 400000 and 450000
// are epochs 218 and 245.

// The schedule, tests and validation are YOLOv3's of this repository, the images of Mosaic come as YOLOX's.

const batch_augments = [
  { type: 'BatchSyncRandomResize', random_size_range: [416, 800], size_divisor: 32, interval: 10 },
];

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

const mosaic = yolox.train_dataset;
const train_dataset = {
  ...mosaic,
  dataset: { ...mosaic.dataset, filter_cfg: { filter_empty_gt: true, min_size: 32 } },
  pipeline: train_pipeline,
};

export default {
  _base_: '../yolo/yolov3_d53_8xb8-ms-608-273e_coco',
  data_preprocessor: { batch_augments },
  model: {
    type: 'YOLOV4',
    data_preprocessor: { batch_augments },
    backbone: { _delete_: true, type: 'CSPDarknet53', out_indices: [3, 4, 5] },
    neck: { _delete_: true, type: 'YOLOV4Neck', in_channels: [256, 512, 1024], out_channels: [128, 256, 512] },
    bbox_head: {
      _delete_: true,
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
    train_cfg: { assigner: { _delete_: true, type: 'AnchorShapeAssigner', iou_thresh: 0.213, ignore_thresh: 0.7 } },
  },
  train_pipeline,
  train_dataset,
  train_dataloader: { ...yolox.train_dataloader, _delete_: true, dataset: train_dataset },
  optim_wrapper: {
    _delete_: true,
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.0013, momentum: 0.949, weight_decay: 0.0005 },
    paramwise_cfg: { norm_decay_mult: 0.0, bias_decay_mult: 0.0 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.0001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', by_epoch: true, milestones: [218, 245], gamma: 0.1 },
  ],
};
