// One forward and backward pass: the losses of a batch by name, and the gradient of their sum.

import * as tf from '@tensorflow/tfjs';
import { engine, type Precision } from '../engine';
import { inStepOf } from '../engine/step-group';
import type { ProcessGroup } from '../engine/torch/process-group';
import type { DetBatch, Detector, LossContext, Losses } from '../models/types';
import { withStepRandom } from '../nn/step-random';

export interface Pass {
  /** `loss` (the sum) and then every part, in the model's order. */
  scalars: Record<string, number>;
  /** By variable; undefined where the loss does not depend on it. The caller disposes them. */
  gradients: (tf.Tensor | undefined)[];
}

/** mmengine's parse_losses: lists are summed under their name; what has `loss` in its name adds up to the total. */
export function parseLosses(losses: Losses): { total: tf.Scalar; names: string[]; values: tf.Scalar[] } {
  const names: string[] = [];
  const values: tf.Scalar[] = [];
  const parts: tf.Scalar[] = [];
  for (const [name, value] of Object.entries(losses)) {
    const scalar = Array.isArray(value) ? (tf.addN(value.map((v) => tf.mean<tf.Scalar>(v))) as tf.Scalar) : value;
    names.push(name);
    values.push(scalar);
    if (name.includes('loss')) parts.push(scalar);
  }
  const total = parts.length > 0 ? (tf.addN(parts) as tf.Scalar) : tf.scalar(0);
  return { total, names, values };
}

export interface PassOptions {
  precision?: Precision;
  /** What the loss is multiplied by before differentiation; the scalars are without it. */
  factor?: number;
  /** Of a step that several processes make together. */
  group?: ProcessGroup;
  /** Whether to begin the sums of the gradients over the ranks; those returned are then not to be read. */
  reduces?: boolean;
}

/** Runs the detector's loss on one batch and differentiates it. */
export function pass(
  detector: Detector,
  batch: DetBatch,
  variables: tf.Variable[],
  context: LossContext,
  { precision = 'float32', factor = 1, group, reduces = false }: PassOptions = {},
): Pass {
  let names: string[] = [];
  let stacked: tf.Tensor | undefined;
  const forward = (): tf.Scalar => {
    const parsed = parseLosses(withStepRandom(context.random, () => detector.loss(batch, context)));
    names = parsed.names;
    // one read-back for all of them, after the backward pass
    stacked = tf.keep(tf.stack([parsed.total, ...parsed.values].map((v) => v.asScalar())));
    return factor === 1 ? parsed.total : tf.mul(parsed.total, factor);
  };
  const differentiate = () => {
    if (reduces) group?.reduceNextBackward();
    return tf.variableGrads(forward, variables);
  };
  const step = () => (precision === 'float32' ? differentiate() : engine().autocast(precision, differentiate));
  try {
    const { grads } = tf.tidy(() => {
      const result = group ? inStepOf(group, step) : step();
      result.value.dispose();
      return { grads: result.grads };
    });
    const numbers = stacked!.dataSync();
    const scalars: Record<string, number> = { loss: numbers[0] };
    for (const [i, name] of names.entries()) scalars[name] = numbers[i + 1];
    return { scalars, gradients: variables.map((v) => grads[v.name] as tf.Tensor | undefined) };
  } catch (error) {
    if (reduces) group?.forgetBackward();
    throw error;
  } finally {
    stacked?.dispose();
  }
}
