// Pipelines that put several images into one.

export const LOAD = [{ type: 'LoadImageFromFile' }, { type: 'LoadAnnotations', with_bbox: true }];

export const YOLOX = [
  { type: 'Mosaic', img_scale: [32, 32], pad_val: 114 },
  { type: 'RandomAffine', scaling_ratio_range: [0.5, 1.5], border: [-16, -16] },
  { type: 'MixUp', img_scale: [32, 32], ratio_range: [0.8, 1.6] },
  { type: 'YOLOXHSVRandomAug' },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'PackDetInputs' },
];
