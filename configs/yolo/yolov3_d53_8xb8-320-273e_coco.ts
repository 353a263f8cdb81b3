const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Expand', mean: [0, 0, 0], to_rgb: true, ratio_range: [1, 2] },
  { type: 'MinIoURandomCrop', min_ious: [0.4, 0.5, 0.6, 0.7, 0.8, 0.9], min_crop_size: 0.3 },
  { type: 'Resize', scale: [320, 320], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PhotoMetricDistortion' },
  { type: 'PackDetInputs' },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [320, 320], keep_ratio: true },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default {
  _base_: './yolov3_d53_8xb8-ms-608-273e_coco',
  input_size: [320, 320],
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
};
