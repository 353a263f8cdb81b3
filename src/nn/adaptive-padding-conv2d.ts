// mmcv's Conv2dAdaptivePadding: a convolution with TensorFlow's padding "same", ceil(size / stride) outputs. Where the padding is odd the
// larger half is below and on the right, so it depends on the size of the input.

import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../ops/conv2d';
import { type FeatureMaps, joinMaps } from '../ops/join-maps';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';

export class AdaptivePaddingConv2d extends Conv2d {
  override readonly layerNames = ['Conv2dAdaptivePadding', 'Conv2d', 'Conv', '_ConvNd'];

  /** @param config its padding is not read */
  constructor(config: Conv2dConfig) {
    super({ ...config, padding: 0 });
  }

  protected override convolve(
    maps: FeatureMaps,
    filter: tf.Tensor4D,
    options: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor },
  ): tf.Tensor4D {
    const { stride: strides, dilation: dilations, groups, kernelSize } = this;
    return tf.tidy(() => {
      const x = joinMaps(maps);
      const [vertical, horizontal] = [0, 1].map((axis) => {
        const size = x.shape[1 + axis];
        const last = (Math.ceil(size / strides[axis]) - 1) * strides[axis];
        return Math.max(last + (kernelSize[axis] - 1) * dilations[axis] + 1 - size, 0);
      });
      const layer = { strides, dilations, groups, ...options };
      if (vertical % 2 === 0 && horizontal % 2 === 0)
        return conv2d(x, filter, { ...layer, padding: [vertical / 2, horizontal / 2] });
      const halves = (total: number): [number, number] => [Math.floor(total / 2), Math.ceil(total / 2)];
      const padded = tf.pad(x, [[0, 0], halves(vertical), halves(horizontal), [0, 0]]);
      return conv2d(padded, filter, { ...layer, padding: [0, 0] });
    });
  }
}
