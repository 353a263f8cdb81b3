const train_pipeline = [
  { type: 'Mosaic', img_scale: [416, 416], pad_val: 114.0 },
  {
    type: 'RandomAffine',
    max_rotate_degree: 0,
    max_shear_degree: 0,
    scaling_ratio_range: [0.5, 1.5],
    border: [-208, -208],
  },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [416, 416], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = { dataset: { pipeline: test_pipeline } };
const batch_augments = [
  { type: 'BatchSyncRandomResize', random_size_range: [320, 576], size_divisor: 32, interval: 10 },
];

export default {
  _base_: './yolov4_cspd53_8xb8-mosaic-608-273e_coco',
  data_preprocessor: { batch_augments },
  model: { data_preprocessor: { batch_augments } },
  train_pipeline,
  test_pipeline,
  train_dataset: { pipeline: train_pipeline },
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
};
