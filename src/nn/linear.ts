// Fully connected layer with weight [out, in], as in PyTorch.

import * as tf from '@tensorflow/tfjs';
import { type Initializer, torchDefault, torchDefaultBias } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `Linear`, named after torch's. */
export interface LinearConfig {
  inFeatures: number;
  outFeatures: number;
  bias?: boolean;
  /** [C, H, W] of the flattened feature map it reads: flattened as H, W, C here, as C, H, W in PyTorch. */
  chw?: [number, number, number];
  init?: Initializer;
  biasInit?: Initializer;
}

/**
 * @example new Linear({ inFeatures: 256, outFeatures: 81 }).forward(x) // [N, 256] -> [N, 81]
 */
export class Linear extends Module {
  readonly layerNames = ['Linear'];
  readonly weight: Parameter<tf.Rank.R2>;
  readonly bias?: Parameter<tf.Rank.R1>;

  constructor({ inFeatures, outFeatures, bias = true, chw, init, biasInit }: LinearConfig) {
    super();
    const layout = chw ? ({ kind: 'linear-chw', chw } as const) : ({ kind: 'same' } as const);
    this.weight = this.addParameter('weight', [outFeatures, inFeatures], init ?? torchDefault, layout);
    if (bias) this.bias = this.addParameter('bias', [outFeatures], biasInit ?? torchDefaultBias(inFeatures));
  }

  /** [..., in] -> [..., out]. */
  forward<T extends tf.Tensor>(x: T, { activation = 'linear' }: { activation?: 'linear' | 'relu' } = {}): T {
    const product = (a: tf.Tensor2D) =>
      tf.fused.matMul({
        a,
        b: this.weight.variable,
        transposeB: true,
        bias: this.bias?.variable,
        activation,
      });
    if (x.rank === 2) return product(x as tf.Tensor as tf.Tensor2D) as tf.Tensor as T;
    const leading = x.shape.slice(0, -1);
    return tf.tidy(() => product(x.reshape([-1, x.shape[x.rank - 1]])).reshape([...leading, -1]) as T);
  }
}
