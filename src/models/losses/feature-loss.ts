// What losses between maps of a student and of its teacher are: their arguments have names, by which a distiller hands them
// what it recorded.

import type * as tf from '@tensorflow/tfjs';
import type { Loss } from './loss';

export interface FeatureLoss extends Loss {
  /** Names of the student's and of the teacher's map in `loss_forward_mappings`. */
  readonly compares: readonly [student: string, teacher: string];
  forward(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar;
}

export const isFeatureLoss = (loss: Loss): loss is FeatureLoss => 'compares' in loss;
