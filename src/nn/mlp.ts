// MMDetection's MLP: fully connected layers with ReLU between them (`layers.0`, `layers.1`, ...).

import * as tf from '@tensorflow/tfjs';
import { Linear } from './linear';
import { Module } from './module';
import { ModuleList } from './module-list';

/**
 * @example new MLP(256, 256, 4, 3).forward(queries) // [..., 256] -> [..., 4]
 */
export class MLP extends Module {
  readonly layers: ModuleList<Linear>;

  constructor(inFeatures: number, hidden: number, outFeatures: number, count: number) {
    super();
    const widths = [inFeatures, ...new Array<number>(count - 1).fill(hidden), outFeatures];
    const linears = widths.slice(1).map((out, i) => new Linear({ inFeatures: widths[i], outFeatures: out }));
    this.layers = this.addChild('layers', new ModuleList(linears));
  }

  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => {
      let y = x;
      for (const [i, layer] of [...this.layers].entries())
        y = layer.forward(y, { activation: i < this.layers.length - 1 ? 'relu' : 'linear' });
      return y;
    });
  }
}
