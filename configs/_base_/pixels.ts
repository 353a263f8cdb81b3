// The pixels that backbones were trained on: the data preprocessor of a detector, by the origin of its weights.

/** torchvision's. */
export const torchvision_pixels = {
  type: 'DetDataPreprocessor' as const,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  bgr_to_rgb: true,
  pad_size_divisor: 32,
};
/** Detectron2's. */
export const caffe_pixels = {
  type: 'DetDataPreprocessor' as const,
  mean: [103.53, 116.28, 123.675],
  std: [1.0, 1.0, 1.0],
  bgr_to_rgb: false,
  pad_size_divisor: 32,
};
/** torchvision's, with the masks of objects padded too. */
export const torchvision_pixels_and_masks = {
  type: 'DetDataPreprocessor' as const,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  bgr_to_rgb: true,
  pad_mask: true,
  pad_size_divisor: 32,
};
/** torchvision's, of detectors that take images of any size. */
export const torchvision_pixels_unpadded = {
  type: 'DetDataPreprocessor' as const,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  bgr_to_rgb: true,
  pad_size_divisor: 1,
};

export default {};
