// The operations of transformers: a kernel of the engine where it has one, the plain fallback elsewhere.

import type * as tf from '@tensorflow/tfjs';
import { activate, attention, layerNorm } from '../../../src/ops';
import type { Operations } from './operation';

export const transformers: Operations = {
  layerNorm: ({ x, scale, offset }, attrs) => layerNorm(x, { ...attrs, scale, offset }),
  attention: ({ query, key, value, mask }, attrs) =>
    attention(query as tf.Tensor3D, key as tf.Tensor3D, value as tf.Tensor3D, { heads: attrs.heads, ...attrs, mask }),
  activate: ({ x }, attrs) => activate(x, attrs.name),
};
