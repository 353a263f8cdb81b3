// The kernels of transformer operations, wrapped by `src/ops`.

import type * as tf from '@tensorflow/tfjs';
import { kernel } from '../native';
import { define } from './define';

export const transformerKernels: tf.KernelConfig[] = [
  define('DetLayerNorm', ({ inputs: { x, scale, offset }, attrs, backend, slot }) =>
    backend.make(kernel.detLayerNorm(slot(x), slot(scale), slot(offset), attrs.epsilon), 'float32'),
  ),
  define('DetAttention', ({ inputs: { query, key, value, mask }, attrs, backend, slot }) =>
    backend.make(
      kernel.detAttention(
        slot(query),
        slot(key),
        slot(value),
        slot(mask),
        attrs.heads,
        attrs.scale,
        attrs.dropout,
        attrs.seed,
      ),
      'float32',
    ),
  ),
  define('DetDropout', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.detDropout(slot(x), attrs.rate, attrs.seed), 'float32'),
  ),
  define('DetActivate', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.detActivate(slot(x), attrs.name), 'float32'),
  ),
];
