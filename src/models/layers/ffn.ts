// mmcv's FFN: fully connected layers with an activation between them and a shortcut around them (`layers.0.0`, `layers.1`).

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { Dropout, type DropoutCfg } from '../../nn/dropout';
import { type ActCfg, type Activation, buildActivation } from '../../nn/layer-options';
import { LayerScale } from '../../nn/layer-scale';
import { Linear } from '../../nn/linear';
import { Module } from '../../nn/module';
import { PReLU } from '../../nn/prelu';

export interface FFNConfig {
  embedDims?: number;
  feedforwardChannels?: number;
  numFcs?: number;
  /** A PReLU has a slope of its own after every layer (`layers.0.1.weight`). */
  actCfg?: ActCfg;
  /** Dropout after every layer. */
  ffnDrop?: number;
  /** Dropout of the branch beside the shortcut. */
  dropoutLayer?: DropoutCfg | null;
  addIdentity?: boolean;
  /** Above 0: a LayerScale (`gamma2`) that starts from it. */
  layerScaleInitValue?: number;
}

/**
 * @example new FFN({ embedDims: 256, feedforwardChannels: 2048, ffnDrop: 0.1 }).forward(x) // [..., 256]
 * @throws DetLabError with fewer than two layers.
 */
export class FFN extends Module {
  private readonly linears: Linear[] = [];
  private readonly activation?: Activation;
  private readonly slopes: PReLU[] = [];
  private readonly drop: Dropout;
  private readonly dropoutLayer?: Dropout;
  private readonly gamma2?: LayerScale;
  private readonly addIdentity: boolean;

  constructor(config: FFNConfig = {}) {
    super();
    const { embedDims = 256, feedforwardChannels = 1024, numFcs = 2, ffnDrop = 0 } = config;
    const { actCfg = { type: 'ReLU' }, dropoutLayer, addIdentity = true, layerScaleInitValue = 0 } = config;
    if (numFcs < 2) throw new DetLabError(`Cannot build an FFN of ${numFcs} layers: num_fcs must be at least 2`);
    this.addIdentity = addIdentity;
    if (actCfg.type !== 'PReLU') this.activation = buildActivation(actCfg);
    for (let i = 0; i < numFcs; i++) {
      const last = i === numFcs - 1;
      const inFeatures = i === 0 ? embedDims : feedforwardChannels;
      const linear = new Linear({ inFeatures, outFeatures: last ? embedDims : feedforwardChannels });
      this.linears.push(this.addChild(last ? `layers.${i}` : `layers.${i}.0`, linear));
      if (!last && actCfg.type === 'PReLU') this.slopes.push(this.addChild(`layers.${i}.1`, new PReLU(actCfg)));
    }
    this.drop = this.addChild('drop', new Dropout({ type: 'Dropout', drop_prob: ffnDrop }));
    if (dropoutLayer) this.dropoutLayer = this.addChild('dropout_layer', new Dropout(dropoutLayer));
    if (layerScaleInitValue > 0)
      this.gamma2 = this.addChild('gamma2', new LayerScale({ channels: embedDims, scale: layerScaleInitValue }));
  }

  /** [..., C] -> the same shape; `identity` is what the shortcut carries, `x` itself by default. */
  forward<T extends tf.Tensor>(x: T, identity: T = x): T {
    return tf.tidy(() => {
      let y: T = x;
      for (const [i, linear] of this.linears.entries()) {
        const last = i === this.linears.length - 1;
        const fused = this.activation?.fused === 'relu'; // fused into the matmul
        y = linear.forward(y, { activation: fused && !last ? 'relu' : 'linear' });
        if (!last && !fused) y = this.activation ? this.activation.apply(y) : this.slopes[i].forward(y);
        y = this.drop.forward(y);
      }
      if (this.gamma2) y = this.gamma2.forward(y);
      if (this.dropoutLayer) y = this.dropoutLayer.forward(y);
      return this.addIdentity ? (tf.add(identity, y) as T) : y;
    });
  }
}
