// Deformable convolution (Dai et al., ICCV 2017): every tap of the filter samples the input bilinearly at its own offset. With
// a mask (Zhu et al., Deformable ConvNets v2, CVPR 2019) taps are also weighted.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { bilinearSample } from './bilinear-sample';
import { composite } from './composite';
import { hasKernel, runKernel } from './kernel';

export interface DeformConv2dOptions {
  strides?: [number, number];
  /** Zero padding on each side, [vertical, horizontal]. */
  padding?: [number, number];
  dilations?: [number, number];
  groups?: number;
  /** Channel groups with separate offsets. */
  deformGroups?: number;
  /** [N, H', W', deformGroups * kh * kw], weight of each tap; default 1. */
  mask?: tf.Tensor4D;
  /** [Cout]. */
  bias?: tf.Tensor;
}

/**
 * Convolves `x` [N, H, W, Cin] with `filter` [kh, kw, Cin / groups, Cout]. `offset` [N, H', W', 2 deformGroups kh kw] has for
 * tap k of group g the channels 2 (g kh kw + k) (y) and the next (x). Returns [N, H', W', Cout]; differentiable in every
 * tensor given.
 *
 * @example deformConv2d(tf.ones([1, 8, 8, 3]), tf.zeros([1, 8, 8, 18]), tf.ones([3, 3, 3, 4]), { padding: [1, 1] }).shape // [1, 8, 8, 4]
 * @throws DetLabError when the shapes disagree.
 */
export function deformConv2d(
  x: tf.Tensor4D,
  offset: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: DeformConv2dOptions = {},
): tf.Tensor4D {
  const { strides = [1, 1], padding = [0, 0], dilations = [1, 1], groups = 1, deformGroups = 1, mask, bias } = options;
  const geometry = { strides, padding, dilations, groups, deformGroups };
  const inputs = { x, offset, mask, filter };
  const [height, width] = check(x, offset, filter, mask, geometry);
  return tf.tidy(() => {
    const y = hasKernel('DetDeformConv2D')
      ? runKernel<tf.Tensor4D>('DetDeformConv2D', inputs, geometry)
      : composite({ name: 'DetDeformConv2D', inputs, attrs: geometry }, () =>
          fallback(x, offset, filter, mask, geometry, [height, width]),
        );
    return bias ? tf.add(y, bias) : y;
  });
}

type Geometry = Required<Omit<DeformConv2dOptions, 'mask' | 'bias'>>;

/** Height and width of the result. */
function check(
  x: tf.Tensor4D,
  offset: tf.Tensor4D,
  filter: tf.Tensor4D,
  mask: tf.Tensor4D | undefined,
  { strides, padding, dilations, groups, deformGroups }: Geometry,
): [number, number] {
  const cannot = `Cannot compute deformable convolution of input [${x.shape}] with filter [${filter.shape}]`;
  const channels = x.shape[3];
  if (channels !== filter.shape[2] * groups)
    throw new DetLabError(
      `${cannot} in ${groups} group(s): expected ${filter.shape[2] * groups} input channels, received ${channels}`,
    );
  if (channels % deformGroups !== 0)
    throw new DetLabError(
      `${cannot}: expected channels divisible by deformGroups ${deformGroups}, received ${channels}`,
    );
  const [height, width] = [0, 1].map((axis) => {
    const span = dilations[axis] * (filter.shape[axis] - 1) + 1;
    return Math.floor((x.shape[1 + axis] + 2 * padding[axis] - span) / strides[axis]) + 1;
  });
  if (height < 1 || width < 1)
    throw new DetLabError(`${cannot}: the input is smaller than the filter, the output would be ${height} x ${width}`);
  const taps = filter.shape[0] * filter.shape[1] * deformGroups;
  const expect = (name: string, given: tf.Tensor4D, count: number) => {
    const expected = [x.shape[0], height, width, count];
    if (given.shape.join() !== expected.join())
      throw new DetLabError(`${cannot}: expected ${name} of shape [${expected}], received [${given.shape}]`);
  };
  expect('an offset', offset, 2 * taps);
  if (mask) expect('a mask', mask, taps);
  return [height, width];
}

/** Gathers the samples to columns [N H' W', taps Cin], then multiplies. */
function fallback(
  x: tf.Tensor4D,
  offset: tf.Tensor4D,
  filter: tf.Tensor4D,
  mask: tf.Tensor4D | undefined,
  { strides, padding, dilations, groups, deformGroups }: Geometry,
  [height, width]: [number, number],
): tf.Tensor4D {
  const [n, , , channels] = x.shape;
  const [kh, kw, , outputs] = filter.shape;
  const taps = kh * kw;
  const pixels = n * height * width;
  const lattice = new Float32Array(height * width * taps * 2);
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let tap = 0; tap < taps; tap++) {
        lattice[at++] = row * strides[0] - padding[0] + Math.floor(tap / kw) * dilations[0];
        lattice[at++] = column * strides[1] - padding[1] + (tap % kw) * dilations[1];
      }
  // [pixels, parts, taps, k] -> [N, pixels of an image * taps, parts, k]
  const byTap = (t: tf.Tensor, k: number): tf.Tensor4D =>
    tf
      .transpose(t.reshape([pixels, deformGroups, taps, k]), [0, 2, 1, 3])
      .reshape([n, height * width * taps, deformGroups, k]);
  const positions: tf.Tensor4D = tf.add(byTap(offset, 2), tf.tensor4d(lattice, [1, height * width * taps, 1, 2]));
  const shape: [number, number, number] = [n, height * width * taps, deformGroups];
  const weights: tf.Tensor3D = mask ? byTap(mask, 1).reshape(shape) : tf.ones(shape);
  const columns = bilinearSample(x, positions, weights); // [N, H' W' taps, Cin]
  if (groups === 1)
    return tf
      .matMul(columns.reshape([pixels, taps * channels]), filter.reshape([taps * channels, outputs]))
      .reshape([n, height, width, outputs]);
  const parts = tf.split(columns.reshape([pixels * taps, channels]), groups, 1);
  const filters = tf.split(filter, groups, 3);
  const results = parts.map((part, i) =>
    tf.matMul(part.reshape([pixels, -1]), filters[i].reshape([(taps * channels) / groups, -1])),
  );
  return tf.concat(results, 1).reshape([n, height, width, outputs]);
}
