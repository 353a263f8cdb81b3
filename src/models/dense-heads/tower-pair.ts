// The two towers of a decoupled head, one for the classes and one for the boxes, and the convolutions that predict from
// them. All levels share these layers; level-towers.ts has pairs with layers per level.

import type * as tf from '@tensorflow/tfjs';
import { Conv2d, ModuleList, Scale, type Sequential } from '../../nn';
import { convTower, type TowerConfig, type TowerLayer } from './conv-tower';

export class TowerPair {
  readonly cls: Sequential<TowerLayer>;
  readonly reg: Sequential<TowerLayer>;
  /** Channels of both outputs. */
  readonly channels: number;

  /** @param tower builds each of the two */
  constructor(config: TowerConfig, tower: (config: TowerConfig) => Sequential<TowerLayer> = convTower) {
    this.cls = tower(config);
    this.reg = tower(config);
    this.channels = config.stacked_convs > 0 ? config.feat_channels : config.in_channels;
  }

  /** A feature level [N, H, W, C] -> the inputs of the class and of the box predictions. */
  forward(x: tf.Tensor4D): { cls: tf.Tensor4D; reg: tf.Tensor4D } {
    return { cls: this.cls.forward(x), reg: this.reg.forward(x) };
  }

  /** A convolution that predicts from a tower. */
  predictor(outChannels: number, kernelSize = 3): Conv2d {
    return new Conv2d({
      inChannels: this.channels,
      outChannels,
      kernelSize,
      padding: Math.floor(kernelSize / 2),
    });
  }
}

/** A learnable factor on the boxes of each level. */
export const levelScales = (levels: number): ModuleList<Scale> =>
  new ModuleList(Array.from({ length: levels }, () => new Scale()));
