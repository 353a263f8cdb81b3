// mmcv's Scale: a learned scalar factor, `scale`.

import * as tf from '@tensorflow/tfjs';
import { constant } from './initializers';
import { Module, type Parameter } from './module';

/**
 * @example new Scale().forward(x) // x * 1
 */
export class Scale extends Module {
  private readonly scale: Parameter;

  constructor(value = 1) {
    super();
    this.scale = this.addParameter('scale', [], constant(value));
  }

  forward<T extends tf.Tensor>(x: T): T {
    return tf.mul(x, this.scale.variable) as T;
  }
}
