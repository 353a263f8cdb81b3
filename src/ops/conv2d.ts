// 2-D convolution fused with the operations after it: act(conv(x, filter * scale) + bias + residual). `scale` and `bias` are
// those of a folded batch norm.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { activateFused, type FusedActivation } from './activate';
import { isRecorded } from './composite';
import { type FeatureMaps, joinMaps } from './join-maps';
import { hasKernel, runKernel } from './kernel';

export interface Conv2dOptions {
  strides?: [number, number];
  /** Zero padding on each side, [vertical, horizontal]. */
  padding?: [number, number];
  dilations?: [number, number];
  groups?: number;
  /** [Cout]. */
  bias?: tf.Tensor;
  /** [Cout], multiplied with the filter. */
  scale?: tf.Tensor;
  /** Shape of the result; added before the activation. */
  residual?: tf.Tensor4D;
  activation?: FusedActivation;
}

/**
 * Convolves `x` [N, H, W, Cin] with `filter` [kh, kw, Cin / groups, Cout] to [N, H', W', Cout], sizes rounded down as in
 * PyTorch. Differentiable in every tensor given. A list of maps is convolved as if joined by `joinMaps`; an engine may read
 * them where they are.
 *
 * @example conv2d(tf.ones([1, 8, 8, 3]), tf.ones([3, 3, 3, 4]), { padding: [1, 1], activation: 'relu' }).shape // [1, 8, 8, 4]
 * @throws DetLabError when channels and groups disagree.
 */
export function conv2d(maps: FeatureMaps, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  const readsSeveral = hasKernel('DetJoinedConv2D') && !isRecorded();
  if (Array.isArray(maps) && maps.length > 1 && readsSeveral) return joinedConv2d(maps, filter, options);
  const x = joinMaps(maps);
  const { strides = [1, 1], padding = [0, 0], dilations = [1, 1], groups = 1, activation = 'linear' } = options;
  if (x.shape[3] !== filter.shape[2] * groups)
    throw new DetLabError(
      `Cannot convolve input [${x.shape}] with filter [${filter.shape}] in ${groups} group(s): ` +
        `expected ${filter.shape[2] * groups} input channels, received ${x.shape[3]}`,
    );
  const { bias, scale, residual } = options;
  if (hasKernel('DetConv2D'))
    return runKernel<tf.Tensor4D>(
      'DetConv2D',
      { x, filter, bias, scale, residual },
      { strides, padding, dilations, groups, activation },
    );
  return tf.tidy(() => {
    const [ph, pw] = padding;
    // padded beforehand, since not every backend supports explicit padding
    const padded = ph || pw ? pad(x, ph, pw) : x;
    let y = grouped(padded, dilate(scale ? tf.mul(filter, scale) : filter, dilations), strides, groups);
    if (bias) y = tf.add(y, bias);
    if (residual) y = tf.add(y, residual);
    return activateFused(y, activation);
  });
}

/** On an engine that reads several maps: names `map0`, `map1`, ... in the order of their channels. */
function joinedConv2d(maps: readonly tf.Tensor4D[], filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const { strides = [1, 1], padding = [0, 0], dilations = [1, 1], groups = 1, activation = 'linear' } = options;
  const { bias, scale, residual } = options;
  const inputs: Record<string, tf.Tensor | undefined> = { filter, bias, scale, residual };
  for (const [k, map] of maps.entries()) inputs[`map${k}`] = map;
  return runKernel<tf.Tensor4D>('DetJoinedConv2D', inputs, {
    ...{ strides, padding, dilations, groups, activation },
    maps: maps.length,
  });
}

function pad(x: tf.Tensor4D, ph: number, pw: number): tf.Tensor4D {
  return tf.pad(x, [
    [0, 0],
    [ph, ph],
    [pw, pw],
    [0, 0],
  ]);
}

function grouped(x: tf.Tensor4D, filter: tf.Tensor4D, strides: [number, number], groups: number): tf.Tensor4D {
  if (groups === 1) return tf.conv2d(x, filter, strides, 'valid');
  const [kh, kw, perGroup, outChannels] = filter.shape;
  // depthwise: the filter's last axis runs over channels and their multipliers
  if (perGroup === 1 && groups === x.shape[3])
    return tf.depthwiseConv2d(x, filter.reshape<tf.Tensor4D>([kh, kw, groups, outChannels / groups]), strides, 'valid');
  const filters = tf.split<tf.Tensor4D>(filter, groups, 3);
  const parts = tf.split<tf.Tensor4D>(x, groups, 3).map((part, i) => tf.conv2d(part, filters[i], strides, 'valid'));
  return tf.concat(parts, 3);
}

/** Inserts zeros between the filter's taps, since TensorFlow.js has no gradient for dilated convolution. */
function dilate(filter: tf.Tensor4D, [dh, dw]: [number, number]): tf.Tensor4D {
  if (dh === 1 && dw === 1) return filter;
  const [kh, kw, cin, cout] = filter.shape;
  const height = (kh - 1) * dh + 1;
  const width = (kw - 1) * dw + 1;
  const taps: tf.Tensor3D = filter.reshape([kh, 1, kw * cin * cout]);
  const rows: tf.Tensor2D = tf.concat([taps, tf.zeros([kh, dh - 1, kw * cin * cout])], 1).reshape([kh * dh, -1]);
  const columns: tf.Tensor4D = rows.slice([0, 0], [height, kw * cin * cout]).reshape([height, kw, 1, cin * cout]);
  return tf
    .concat([columns, tf.zeros([height, kw, dw - 1, cin * cout])], 2)
    .reshape<tf.Tensor4D>([height, kw * dw, cin, cout])
    .slice([0, 0, 0, 0], [height, width, cin, cout]);
}
