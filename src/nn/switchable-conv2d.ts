// Switchable atrous convolution (Qiao et al., DetectoRS, CVPR 2021): one filter at two dilations, x1 and x3, mixed per pixel
// by a switch, with global context added before and after. With `useDeform` both are deformable.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { activateFused } from '../ops/activate';
import { conv2d } from '../ops/conv2d';
import { deformConv2d } from '../ops/deform-conv2d';
import { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
import { type Initializer, ones, zeros } from './initializers';
import type { Parameter } from './module';
import { ConvAWS2d } from './standardized-conv2d';

/**
 * @example new SAConv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1, bias: false }, true).forward(x)
 */
export class SAConv2d extends ConvAWS2d {
  override readonly layerNames = ['SAConv2d', 'ConvAWS2d', 'Conv2d', '_ConvNd'];
  /** Set in the constructor of the base class. */
  declare private difference: Parameter<tf.Rank.R4>;
  private readonly switch: Conv2d;
  private readonly preContext: Conv2d;
  private readonly postContext: Conv2d;
  private readonly offsets?: [small: Conv2d, large: Conv2d];

  constructor(config: Conv2dConfig, useDeform = false) {
    super(config);
    const { inChannels, outChannels } = config;
    const { stride } = this;
    const conv = (
      name: string,
      from: number,
      to: number,
      size: number,
      step: [number, number],
      biasInit: Initializer,
    ) =>
      this.addChild(
        name,
        new Conv2d({
          ...{ inChannels: from, outChannels: to, kernelSize: size, stride: step, padding: (size - 1) / 2 },
          ...{ init: zeros, biasInit },
        }),
      );
    this.switch = conv('switch', inChannels, 1, 1, stride, ones);
    this.preContext = conv('pre_context', inChannels, inChannels, 1, [1, 1], zeros);
    this.postContext = conv('post_context', outChannels, outChannels, 1, [1, 1], zeros);
    if (useDeform)
      this.offsets = [
        conv('offset_s', inChannels, 18, 3, stride, zeros),
        conv('offset_l', inChannels, 18, 3, stride, zeros),
      ];
  }

  protected override addFurtherParameters(): void {
    this.difference = this.addParameter('weight_diff', this.weight.variable.shape, zeros, { kind: 'conv' });
  }

  override run(
    input: tf.Tensor4D,
    { bias, scale, residual, activation }: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor },
  ): tf.Tensor4D {
    const [, height, width] = input.shape;
    if (height < 3 || width < 3)
      throw new DetLabError(
        `Cannot run SAC on a map of ${height} x ${width} pixels: its context mirrors two pixels at the border, so that it ` +
          'needs at least 3 x 3. Use larger images',
      );
    return tf.tidy(() => {
      const mean = (y: tf.Tensor4D) => tf.mean<tf.Tensor4D>(y, [1, 2], true);
      const x: tf.Tensor4D = tf.add(input, this.preContext.forward(mean(input)));
      const context = tf.avgPool(mirrored(x), 5, 1, 'valid');
      const share = this.switch.forward(context);
      const filter = this.standardized();
      const small = this.atrous(x, filter, 1, context);
      const large = this.atrous(x, tf.add(filter, this.difference.variable), 3, context);
      const mixed: tf.Tensor4D = tf.add(large, tf.mul(share, tf.sub(small, large)));
      let y: tf.Tensor4D = tf.add(mixed, this.postContext.forward(mean(mixed)));
      if (scale) y = tf.mul(y, scale);
      if (bias) y = tf.add(y, bias);
      if (residual) y = tf.add(y, residual);
      return activateFused(y, activation);
    });
  }

  private atrous(x: tf.Tensor4D, filter: tf.Tensor4D, factor: 1 | 3, context: tf.Tensor4D): tf.Tensor4D {
    const times = ([a, b]: [number, number]): [number, number] => [a * factor, b * factor];
    const geometry = { strides: this.stride, padding: times(this.padding), dilations: times(this.dilation) };
    if (!this.offsets) return conv2d(x, filter, { ...geometry, groups: this.groups });
    const offset = this.offsets[factor === 1 ? 0 : 1].forward(context);
    return deformConv2d(x, offset, filter, { ...geometry, groups: this.groups });
  }
}

/** Mirror padding by two on every side, by slices, since tfjs's has no gradient. */
function mirrored(x: tf.Tensor4D): tf.Tensor4D {
  return [1, 2].reduce((y, axis) => {
    const length = y.shape[axis];
    const line = (position: number) => {
      const begin = [0, 0, 0, 0];
      begin[axis] = position;
      return tf.slice4d(
        y,
        begin as [number, number, number, number],
        y.shape.map((n, i) => (i === axis ? 1 : n)) as [number, number, number, number],
      );
    };
    return tf.concat([line(2), line(1), y, line(length - 2), line(length - 3)], axis);
  }, x);
}
