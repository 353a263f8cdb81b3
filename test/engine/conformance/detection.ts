// The project's own operations: a kernel of the engine where it has one, the plain fallback elsewhere.

import type * as tf from '@tensorflow/tfjs';
import { batchNormTrain, conv2d, maxPool2d, nms, resizeNearest, roiAlign } from '../../../src/ops';
import type { Operations } from './operation';

type Image = tf.Tensor4D;

export const detection: Operations = {
  detConv2d: ({ x, filter, bias, scale, residual }, attrs) =>
    conv2d(x as Image, filter as Image, { ...attrs, bias, scale, residual: residual as Image | undefined }),
  batchNormTrain: ({ x, scale, offset, residual }, attrs) => {
    const result = batchNormTrain(x as Image, scale, offset, { ...attrs, residual: residual as Image | undefined });
    return [result.y, result.mean, result.variance];
  },
  maxPool2d: ({ x }, attrs) => maxPool2d(x as Image, { size: attrs.size, ...attrs }),
  resizeNearest: ({ x }, { size }) => resizeNearest(x as Image, size),
  roiAlign: ({ x, rois }, attrs) =>
    roiAlign(x as Image, rois as tf.Tensor2D, {
      outputSize: attrs.outputSize,
      spatialScale: attrs.spatialScale,
      ...attrs,
    }),
  nms: ({ boxes, scores }, attrs) =>
    nms(boxes as tf.Tensor2D, scores as tf.Tensor1D, { iouThreshold: attrs.iouThreshold, ...attrs }),
};
