// Whether a gradient function runs now.

import * as tf from '@tensorflow/tfjs';
import { gradientDepth } from './torch/gradients';

/**
 * Whether the operations of now are recorded to be differentiated: inside `tf.grad`, `tf.variableGrads` and the like.
 *
 * @example if (!recordsGradients()) reuse(cached)
 */
export const recordsGradients = (): boolean =>
  gradientDepth() > 0 || (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth > 0;
