const train_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Expand', mean: [123.675, 116.28, 103.53], to_rgb: true, ratio_range: [1, 4] },
  { type: 'MinIoURandomCrop', min_ious: [0.1, 0.3, 0.5, 0.7, 0.9], min_crop_size: 0.3 },
  { type: 'Resize', scale: [300, 300], keep_ratio: false },
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
  { type: 'Resize', scale: [300, 300], keep_ratio: false },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

const val_dataloader = { batch_size: 8, dataset: { pipeline: test_pipeline } };

export default {
  _base_: [
    '../_base_/models/ssd300',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_2x',
    '../_base_/default_runtime',
  ],
  input_size: 300,
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 8,
    num_workers: 2,
    batch_sampler: null,
    dataset: {
      _delete_: true,
      type: 'RepeatDataset',
      times: 5,
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
  },
  val_dataloader,
  test_dataloader: val_dataloader,
  optim_wrapper: { type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.002, momentum: 0.9, weight_decay: 0.0005 } },
  custom_hooks: [{ type: 'NumClassCheckHook' }, { type: 'CheckInvalidLossHook', interval: 50, priority: 'VERY_LOW' }],
  auto_scale_lr: { base_batch_size: 64 },
};
