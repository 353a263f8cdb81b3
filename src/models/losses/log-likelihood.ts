// The logarithm in torch's binary_cross_entropy of probabilities: not below -100.

import * as tf from '@tensorflow/tfjs';
import { atLeast } from './box-pair';

/** log(p), or log(1 + p) with `log1p`, at least -100. The loss of a positive is -log(p), of a negative -log1p(-p). */
export const logLikelihood = <T extends tf.Tensor>(p: T, form: 'log' | 'log1p' = 'log'): T =>
  atLeast(form === 'log' ? tf.log(p) : tf.log1p(p), -100);
