// What MMYOLO's YOLOs share on COCO: a config imports each part by its name.

export const model_test_cfg = {
  multi_label: true,
  nms_pre: 30000,
  score_thr: 0.001,
  nms: { type: 'nms' as const, iou_threshold: 0.65 },
  max_per_img: 300,
};
export const batch_shapes_cfg = {
  type: 'BatchShapePolicy' as const,
  batch_size: 1,
  img_size: 640,
  size_divisor: 32,
  extra_pad_ratio: 0.5,
};
export const albu_train_transforms = [
  { type: 'Blur', p: 0.01 },
  { type: 'MedianBlur', p: 0.01 },
  { type: 'ToGray', p: 0.01 },
  { type: 'CLAHE', p: 0.01 },
];
export const albu = {
  type: 'mmdet.Albu' as const,
  transforms: albu_train_transforms,
  bbox_params: { type: 'BboxParams', format: 'pascal_voc', label_fields: ['gt_bboxes_labels', 'gt_ignore_flags'] },
  keymap: { img: 'image', gt_bboxes: 'bboxes' },
};
export const pack_train = {
  type: 'mmdet.PackDetInputs' as const,
  meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'flip', 'flip_direction'],
};
export const test_pipeline = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
  { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } },
  { type: 'LoadAnnotations', with_bbox: true, _scope_: 'mmdet' },
  {
    type: 'mmdet.PackDetInputs',
    meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_param'],
  },
];
export const val_dataloader = {
  batch_size: 1,
  num_workers: 2,
  persistent_workers: true,
  pin_memory: true,
  drop_last: false,
  sampler: { type: 'DefaultSampler' as const, shuffle: false },
  dataset: {
    type: 'YOLOv5CocoDataset' as const,
    data_root: 'data/coco/',
    test_mode: true,
    data_prefix: { img: 'val2017/' },
    ann_file: 'annotations/instances_val2017.json',
    pipeline: test_pipeline,
    batch_shapes_cfg,
  },
};
export const val_evaluator = {
  type: 'mmdet.CocoMetric' as const,
  proposal_nums: [100, 1, 10],
  ann_file: 'data/coco/annotations/instances_val2017.json',
  metric: 'bbox' as const,
};
/** Weights averaged over the steps, of the YOLOs by SGD. */
export const ema_hook = {
  type: 'EMAHook' as const,
  ema_type: 'ExpMomentumEMA' as const,
  momentum: 0.0001,
  update_buffers: true,
  strict_load: false,
  priority: 49,
};
/** The same, of RTMDet and its recipe. */
export const ema_hook_rtmdet = {
  type: 'EMAHook' as const,
  ema_type: 'ExpMomentumEMA' as const,
  momentum: 0.0002,
  update_buffers: true,
  strict_load: false,
  priority: 49,
};

export default {};
