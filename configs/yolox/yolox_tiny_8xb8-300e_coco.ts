const train_pipeline = [
  { type: 'Mosaic', img_scale: [640, 640], pad_val: 114.0 },
  { type: 'RandomAffine', scaling_ratio_range: [0.5, 1.5], border: [-320, -320] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'Resize', scale: [640, 640], keep_ratio: true },
  { type: 'Pad', pad_to_square: true, pad_val: { img: [114.0, 114.0, 114.0] } },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
];

const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: [416, 416], keep_ratio: true },
  { type: 'Pad', pad_to_square: true, pad_val: { img: [114.0, 114.0, 114.0] } },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = { dataset: { pipeline: test_pipeline } };

export default {
  _base_: './yolox_s_8xb8-300e_coco',
  model: {
    data_preprocessor: {
      batch_augments: [
        { type: 'BatchSyncRandomResize', random_size_range: [320, 640], size_divisor: 32, interval: 10 },
      ],
    },
    backbone: { deepen_factor: 0.33, widen_factor: 0.375 },
    neck: { in_channels: [96, 192, 384], out_channels: 96 },
    bbox_head: { in_channels: 96, feat_channels: 96 },
  },
  img_scale: [640, 640],
  train_pipeline,
  test_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_dataloader,
  test_dataloader: val_dataloader,
};
