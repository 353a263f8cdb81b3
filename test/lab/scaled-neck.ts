// A neck as a person would write it in a cell: plain tf, no weights.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule, type FeatureSpec, Module } from '../../src';

class ScaledNeck extends Module {
  readonly outputs: FeatureSpec[];

  constructor(
    inputs: FeatureSpec[],
    private readonly gain: number,
    private readonly channels: number,
  ) {
    super();
    const strides = [...inputs.map(({ stride }) => stride), 2 * inputs[inputs.length - 1].stride];
    this.outputs = strides.map((stride) => ({ stride, channels }));
  }

  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const outs = features.map((x) =>
        tf.mul<tf.Tensor4D>(tf.tile(tf.mean(x, 3, true), [1, 1, 1, this.channels]), this.gain),
      );
      return [...outs, tf.maxPool(outs[outs.length - 1], 1, 2, 'valid')];
    });
  }
}

export const scaledNeck = defineModule({
  kind: 'neck',
  type: 'ScaledNeck',
  summary: 'The mean of every level, scaled',
  example: "{ type: 'ScaledNeck', gain: 2, out_channels: 16 }",
  options: z.strictObject({
    gain: z.number().positive().describe('Factor on every level'),
    out_channels: z.int().positive().describe('Channels of every level'),
  }),
  build: (o, { inputs }) => new ScaledNeck(inputs!, o.gain, o.out_channels),
});
