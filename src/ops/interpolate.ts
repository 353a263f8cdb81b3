// PyTorch's F.interpolate on NHWC maps: nearest, nearest-exact, bilinear, bicubic and area, by size or by factor. All modes
// are linear and separable: without a kernel of the engine they are two matrix products, rows then columns.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { differentiatesNatively } from './kernel';
import { resizeNearest } from './resize-nearest';

export const INTERPOLATION_MODES = ['nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area'] as const;
export type InterpolationMode = (typeof INTERPOLATION_MODES)[number];

export interface InterpolateOptions {
  /** [H', W'], instead of `scaleFactor`. */
  size?: [number, number];
  /** Factor of both sides, or [vertical, horizontal]; sizes are rounded down. */
  scaleFactor?: number | [number, number];
  mode?: InterpolationMode;
  /** bilinear, bicubic: align the centres of the corner pixels. */
  alignCorners?: boolean | null;
  /** Compute the step from the rounded size instead of the factor. */
  recomputeScaleFactor?: boolean | null;
  /** bilinear, bicubic: widen the filter when downsampling. */
  antialias?: boolean;
}

/**
 * @example interpolate(tf.ones([1, 2, 3, 4]), { scaleFactor: 2, mode: 'bilinear' }).shape // [1, 4, 6, 4]
 * @throws DetLabError when neither or both of size and scaleFactor are given.
 */
export function interpolate(x: tf.Tensor4D, options: InterpolateOptions): tf.Tensor4D {
  const { size: given, scaleFactor, mode = 'nearest', alignCorners, antialias = false } = options;
  if ((given === undefined) === (scaleFactor === undefined))
    throw new DetLabError(
      `Cannot interpolate: expected either size or scaleFactor, received ${given ? 'both' : 'neither'}`,
    );
  const [n, h, w, c] = x.shape;
  const factors = typeof scaleFactor === 'number' ? [scaleFactor, scaleFactor] : scaleFactor;
  const size = given ?? ([Math.floor(h * factors![0]), Math.floor(w * factors![1])] as [number, number]);
  // input pixels per output pixel
  const byFactor = factors && !options.recomputeScaleFactor;
  const steps = [0, 1].map((axis) => (byFactor ? 1 / factors[axis] : x.shape[axis + 1] / size[axis]));
  const plain = steps.every((step, axis) => step === x.shape[axis + 1] / size[axis]);
  if (mode === 'nearest' && plain) return resizeNearest(x, size);
  if (mode === 'bilinear' && plain && !antialias && differentiatesNatively())
    return tf.image.resizeBilinear(x, size, alignCorners ?? false, !alignCorners);
  return tf.tidy(() => {
    const weights = (axis: 0 | 1) =>
      axisWeights(x.shape[axis + 1], size[axis], steps[axis], mode, alignCorners ?? false, antialias);
    const rows = tf.matMul(tf.tile(weights(0), [n, 1, 1]), x.reshape<tf.Tensor3D>([n, h, w * c]));
    const lines = n * size[0];
    // of one channel, as masks have it, one product of all lines, where thousands would take minutes on WebAssembly
    const columns =
      c === 1
        ? tf.matMul(rows.reshape<tf.Tensor2D>([lines, w]), weights(1).squeeze<tf.Tensor2D>([0]), false, true)
        : tf.matMul(tf.tile(weights(1), [lines, 1, 1]), rows.reshape<tf.Tensor3D>([lines, w, c]));
    return columns.reshape<tf.Tensor4D>([n, size[0], size[1], c]);
  });
}

/** Mean over windows of nearly equal size, PyTorch's adaptive average pooling. */
export const adaptiveAvgPool2d = (x: tf.Tensor4D, size: [number, number]): tf.Tensor4D =>
  interpolate(x, { size, mode: 'area' });

const linear = (t: number) => Math.max(1 - Math.abs(t), 0);
/** Keys' cubic kernel with slope `a` at 1. */
const cubic = (a: number) => (t: number) => {
  const d = Math.abs(t);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
};

/** Interpolation matrix of an axis, [1, output, input]. */
function axisWeights(
  input: number,
  output: number,
  step: number,
  mode: InterpolationMode,
  alignCorners: boolean,
  antialias: boolean,
): tf.Tensor3D {
  const matrix = new Float32Array(output * input);
  const add = (i: number, j: number, weight: number) => {
    matrix[i * input + Math.min(Math.max(j, 0), input - 1)] += weight;
  };
  const aligned = alignCorners && (mode === 'bilinear' || mode === 'bicubic');
  const scale = aligned ? (output > 1 ? (input - 1) / (output - 1) : 0) : step;
  for (let i = 0; i < output; i++) {
    if (mode === 'nearest') add(i, Math.floor(i * Math.fround(scale)), 1);
    else if (mode === 'nearest-exact') add(i, Math.floor((i + 0.5) * Math.fround(scale)), 1);
    else if (mode === 'area') {
      const start = Math.floor((i * input) / output);
      const end = Math.ceil(((i + 1) * input) / output);
      for (let j = start; j < end; j++) add(i, j, 1 / (end - start));
    } else if (antialias) {
      const filter = mode === 'bilinear' ? linear : cubic(-0.5);
      const stretch = Math.max(scale, 1);
      const support = (mode === 'bilinear' ? 1 : 2) * stretch;
      const center = scale * (i + 0.5);
      const first = Math.max(Math.trunc(center - support + 0.5), 0);
      const last = Math.min(Math.trunc(center + support + 0.5), input);
      const values = Array.from({ length: last - first }, (_, k) => filter((k + first - center + 0.5) / stretch));
      const total = values.reduce((a, b) => a + b, 0);
      values.forEach((value, k) => {
        add(i, first + k, value / total);
      });
    } else {
      const position = aligned ? i * scale : (i + 0.5) * scale - 0.5;
      const center = mode === 'bilinear' ? Math.max(position, 0) : position;
      const low = Math.floor(center);
      const filter = mode === 'bilinear' ? linear : cubic(-0.75);
      const radius = mode === 'bilinear' ? 1 : 2;
      for (let j = low - radius + 1; j <= low + radius; j++) add(i, j, filter(center - j));
    }
  }
  return tf.tensor3d(matrix, [1, output, input]);
}
