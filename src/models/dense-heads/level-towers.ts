// Tower pairs with layers per feature level; the levels may share their convolutions and differ in their norms alone. A
// shared convolution then appears under the names of all levels, as in PyTorch's state dict.

import type * as tf from '@tensorflow/tfjs';
import { type Conv2d, type ConvModule, ModuleList, type Sequential } from '../../nn';
import type { TowerConfig, TowerLayer } from './conv-tower';
import { TowerPair } from './tower-pair';

type Towers = ModuleList<Sequential<TowerLayer>>;

export interface LevelTowersConfig {
  levels: number;
  /** All levels share their convolutions; not with `use_depthwise`. */
  share?: boolean;
}

export class LevelTowers {
  readonly cls: Towers;
  readonly reg: Towers;
  private readonly pairs: TowerPair[];

  constructor(config: TowerConfig, { levels, share = false }: LevelTowersConfig) {
    this.pairs = Array.from({ length: levels }, () => new TowerPair(config));
    this.cls = new ModuleList(this.pairs.map(({ cls }) => cls));
    this.reg = new ModuleList(this.pairs.map(({ reg }) => reg));
    if (share) for (const towers of [this.cls, this.reg]) shareConvs(towers);
  }

  /** The `level`-th feature level [N, H, W, C] -> the inputs of its class and of its box predictions. */
  forward(x: tf.Tensor4D, level: number): { cls: tf.Tensor4D; reg: tf.Tensor4D } {
    return this.pairs[level].forward(x);
  }

  /** A convolution for each level that predicts from its tower. */
  predictors(outChannels: number, kernelSize: number): ModuleList<Conv2d> {
    return new ModuleList(this.pairs.map((pair) => pair.predictor(outChannels, kernelSize)));
  }
}

/** Each level's convolutions become those of the first. */
export function shareConvs(towers: Towers): void {
  const [first, ...others] = towers;
  for (const tower of others)
    for (const [i, layer] of [...tower].entries()) (layer as ConvModule).shareConv(first.at(i) as ConvModule);
}
