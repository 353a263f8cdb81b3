// Multi-scale deformable attention (Zhu et al., Deformable DETR, ICLR 2021): every head of a query samples a few points per
// level of a feature pyramid bilinearly and sums them with attention weights.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { bilinearSample } from './bilinear-sample';
import { composite } from './composite';
import { hasKernel, runKernel } from './kernel';

export interface DeformAttentionOptions {
  /** [height, width] of each level, in the order of `value`. */
  shapes: readonly (readonly [number, number])[];
  heads: number;
  /** Sampling points per head and level. */
  points: number;
}

/**
 * `value` [N, S, C] are the pixels of all levels concatenated, channels grouped by head. `locations`
 * [N, Q, heads * levels * points, 2] are (x, y) normalised to [0, 1] per level, `weights` [N, Q, heads * levels * points].
 * Returns [N, Q, C]; differentiable in all three.
 *
 * @example deformAttention(tf.ones([1, 5, 4]), tf.fill([1, 3, 4, 2], 0.5), tf.ones([1, 3, 4]), { shapes: [[2, 2], [1, 1]], heads: 2, points: 1 }).shape // [1, 3, 4]
 * @throws DetLabError when the shapes disagree.
 */
export function deformAttention(
  value: tf.Tensor3D,
  locations: tf.Tensor4D,
  weights: tf.Tensor3D,
  { shapes, heads, points }: DeformAttentionOptions,
): tf.Tensor3D {
  const [n, pixels, channels] = value.shape;
  const queries = weights.shape[1];
  const samples = heads * shapes.length * points;
  const cannot = `Cannot compute deformable attention over levels ${shapes.map(([h, w]) => `${h}x${w}`).join(', ')}`;
  const area = shapes.reduce((sum, [h, w]) => sum + h * w, 0);
  if (pixels !== area)
    throw new DetLabError(`${cannot}: expected ${area} values per image, received ${pixels} ([${value.shape}])`);
  if (channels % heads !== 0)
    throw new DetLabError(`${cannot}: expected channels divisible by ${heads} heads, received ${channels}`);
  if (
    weights.shape.join() !== [n, queries, samples].join() ||
    locations.shape.join() !== [n, queries, samples, 2].join()
  )
    throw new DetLabError(
      `${cannot}: expected weights [${n}, Q, ${samples}] and locations [${n}, Q, ${samples}, 2] for ${heads} heads and ` +
        `${points} points, received [${weights.shape}] and [${locations.shape}]`,
    );
  if (hasKernel('DetDeformAttention'))
    return runKernel<tf.Tensor3D>(
      'DetDeformAttention',
      { value, locations, weights },
      { shapes: shapes.flat(), heads, points },
    );
  const named = {
    name: 'DetDeformAttention',
    inputs: { value, locations, weights },
    attrs: { shapes: shapes.flat(), heads, points },
  };
  return composite(named, () =>
    tf.tidy(() => {
      const byLevel = (t: tf.Tensor, k: number) => t.reshape([n * queries * heads, shapes.length, points * k]);
      let start = 0;
      let sum: tf.Tensor3D | undefined;
      for (const [level, [height, width]] of shapes.entries()) {
        const map = tf
          .slice(value, [0, start, 0], [n, height * width, channels])
          .reshape<tf.Tensor4D>([n, height, width, channels]);
        start += height * width;
        // [N Q heads, points k] -> [N, Q points, heads, k]
        const ofLevel = (t: tf.Tensor, k: number) =>
          tf
            .transpose(
              tf
                .slice(byLevel(t, k), [0, level, 0], [n * queries * heads, 1, points * k])
                .reshape([n * queries, heads, points, k]),
              [0, 2, 1, 3],
            )
            .reshape([n, queries * points, heads, k]);
        const positions: tf.Tensor4D = tf.sub(
          tf.mul(tf.reverse(ofLevel(locations, 2), 3), tf.tensor1d([height, width])),
          0.5,
        );
        const factors: tf.Tensor3D = ofLevel(weights, 1).reshape([n, queries * points, heads]);
        const samples = bilinearSample(map, positions, factors);
        const pooled = tf.sum<tf.Tensor3D>(samples.reshape([n, queries, points, channels]), 2);
        sum = sum ? tf.add<tf.Tensor3D>(sum, pooled) : pooled;
      }
      return sum!;
    }),
  );
}
