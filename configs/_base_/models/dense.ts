// What one-stage detectors on P3 to P7 share; a config imports each part by its name.

/** One square anchor a cell. */
export const square_anchors = {
  type: 'AnchorGenerator' as const,
  ratios: [1.0],
  octave_base_scale: 8,
  scales_per_octave: 1,
  strides: [8, 16, 32, 64, 128],
};
/** RetinaNet's nine anchors a cell. */
export const nine_anchors = {
  type: 'AnchorGenerator' as const,
  octave_base_scale: 4,
  scales_per_octave: 3,
  ratios: [0.5, 1.0, 2.0],
  strides: [8, 16, 32, 64, 128],
};
export const test_cfg = {
  nms_pre: 1000,
  min_bbox_size: 0,
  score_thr: 0.05,
  nms: { type: 'nms' as const, iou_threshold: 0.6 },
  max_per_img: 100,
};

export default {};
