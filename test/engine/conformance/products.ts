// Matrix products, convolutions, pooling, normalisation and resizing of TensorFlow.js.

import * as tf from '@tensorflow/tfjs';
import type { Operations } from './operation';

type Image = tf.Tensor4D;

export const products: Operations = {
  matMul: ({ a, b }, { transposeA, transposeB }) => tf.matMul(a, b, transposeA, transposeB),
  fusedMatMul: ({ a, b, bias }, { transposeB, activation }) => tf.fused.matMul({ a, b, bias, transposeB, activation }),
  einsum: ({ a, b }, { equation }) => tf.einsum(equation, a, b),
  einsum1: ({ a }, { equation }) => tf.einsum(equation, a),
  conv2d: ({ x, filter }, { strides, pad, dilations }) =>
    tf.conv2d(x as Image, filter as Image, strides, pad, 'NHWC', dilations),
  fusedConv2d: ({ x, filter, bias }, { strides, pad, activation }) =>
    tf.fused.conv2d({ x: x as Image, filter: filter as Image, bias, strides, pad, activation }),
  depthwiseConv2d: ({ x, filter }, { strides, pad, dilations }) =>
    tf.depthwiseConv2d(x as Image, filter as Image, strides, pad, 'NHWC', dilations),
  conv2dTranspose: ({ x, filter }, { outputShape, strides, pad }) =>
    tf.conv2dTranspose(x as Image, filter as Image, outputShape, strides, pad),
  maxPool: ({ x }, { size, strides, pad }) => tf.maxPool(x as Image, size, strides, pad),
  avgPool: ({ x }, { size, strides, pad }) => tf.avgPool(x as Image, size, strides, pad),
  batchNorm: ({ x, mean, variance, offset, scale }, { epsilon }) =>
    tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D, epsilon),
  resizeBilinear: ({ x }, { size, alignCorners, halfPixelCenters }) =>
    tf.image.resizeBilinear(x as Image, size, alignCorners, halfPixelCenters),
  resizeNearestNeighbor: ({ x }, { size, alignCorners, halfPixelCenters }) =>
    tf.image.resizeNearestNeighbor(x as Image, size, alignCorners, halfPixelCenters),
};
