const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Expand', mean: [123.675, 116.28, 103.53], to_rgb: true, ratio_range: [1, 4] },
  { type: 'MinIoURandomCrop', min_ious: [0.1, 0.3, 0.5, 0.7, 0.9], min_crop_size: 0.3 },
  { type: 'Resize', scale: [512, 512], keep_ratio: false },
  { type: 'RandomFlip', prob: 0.5 },
  {
    type: 'PhotoMetricDistortion',
    brightness_delta: 32,
    contrast_range: [0.5, 1.5],
    saturation_range: [0.5, 1.5],
    hue_delta: 18,
  },
  { type: 'PackDetInputs' },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [512, 512], keep_ratio: false },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default {
  _base_: './ssd300_coco',
  input_size: 512,
  model: {
    neck: {
      out_channels: [512, 1024, 512, 256, 256, 256, 256],
      level_strides: [2, 2, 2, 2, 1],
      level_paddings: [1, 1, 1, 1, 1],
      last_kernel_size: 4,
    },
    bbox_head: {
      in_channels: [512, 1024, 512, 256, 256, 256, 256],
      anchor_generator: {
        type: 'SSDAnchorGenerator',
        scale_major: false,
        input_size: 512,
        basesize_ratio_range: [0.1, 0.9],
        strides: [8, 16, 32, 64, 128, 256, 512],
        ratios: [[2], [2, 3], [2, 3], [2, 3], [2, 3], [2], [2]],
      },
    },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { dataset: { pipeline: train_pipeline } } },
  val_dataloader,
  test_dataloader: val_dataloader,
  auto_scale_lr: { base_batch_size: 64 },
};
