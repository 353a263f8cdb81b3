// YOLOR's implicit knowledge (Wang et al., You Only Learn One Representation, 2021; MMYOLO's ImplicitA and ImplicitM): a trained
// number per channel, added to a map or multiplied with it.

import * as tf from '@tensorflow/tfjs';
import { normal } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';

/** A number per channel, [1, C, 1, 1] in PyTorch. */
abstract class Implicit extends Module {
  protected readonly implicit: Parameter<tf.Rank.R4>;

  constructor(channels: number, mean: number, std = 0.02) {
    super();
    this.implicit = this.addParameter('implicit', [1, 1, channels, 1], normal(std, mean), { kind: 'conv' });
  }

  protected get values(): tf.Tensor4D {
    return this.implicit.variable.reshape([1, 1, 1, -1]);
  }

  abstract forward(x: tf.Tensor4D): tf.Tensor4D;
}

/** @example new ImplicitA(256).forward(x) */
export class ImplicitA extends Implicit {
  constructor(channels: number) {
    super(channels, 0);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.add<tf.Tensor4D>(x, this.values));
  }
}

/** @example new ImplicitM(255).forward(x) */
export class ImplicitM extends Implicit {
  constructor(channels: number) {
    super(channels, 1);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.mul<tf.Tensor4D>(x, this.values));
  }
}
