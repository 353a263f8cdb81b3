// PyTorch's nn.Embedding: a table of vectors, initialised standard-normal.

import * as tf from '@tensorflow/tfjs';
import { type Initializer, normal } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `Embedding`. */
export interface EmbeddingConfig {
  count: number;
  channels: number;
  init?: Initializer;
}

/**
 * @example new Embedding({ count: 100, channels: 256 }).forward(tf.tensor1d([3, 5], 'int32')) // [2, 256]
 */
export class Embedding extends Module {
  readonly layerNames = ['Embedding'];
  readonly weight: Parameter<tf.Rank.R2>;

  constructor({ count, channels, init = normal(1) }: EmbeddingConfig) {
    super();
    this.weight = this.addParameter('weight', [count, channels], init);
  }

  /** The whole table, [count, C]. */
  get table(): tf.Tensor2D {
    return this.weight.variable;
  }

  /** Indices [n] -> [n, C]. */
  forward(indices: tf.Tensor1D): tf.Tensor2D {
    return tf.gather(this.table, indices);
  }
}
