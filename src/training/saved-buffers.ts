// The buffers of a model as they are now (running statistics, counts of losses), to go back to after a forward pass that is not
// to count.

import * as tf from '@tensorflow/tfjs';
import type { Module } from '../nn/module';

export class SavedBuffers {
  private readonly saved: { variable: tf.Variable; value: tf.Tensor }[];

  constructor(model: Module) {
    this.saved = [...model.named()]
      .filter(([, { kind }]) => kind === 'buffer')
      .map(([, { variable }]) => ({ variable, value: tf.keep(tf.clone(variable)) }));
  }

  restore(): void {
    for (const { variable, value } of this.saved) if (variable.dataId !== value.dataId) variable.assign(value);
  }

  dispose(): void {
    for (const { value } of this.saved) value.dispose();
  }
}
