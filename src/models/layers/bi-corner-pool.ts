// BiCornerPool: corner pooling in two directions, added, and a shortcut (Law and Deng, CornerNet, ECCV 2018).

import * as tf from '@tensorflow/tfjs';
import { ConvModule, Module } from '../../nn';
import { type CornerDirection, cornerPool } from '../../ops/corner-pool';

export interface BiCornerPoolConfig {
  inChannels: number;
  outChannels: number;
  directions: readonly [CornerDirection, CornerDirection];
  /** Channels that are pooled. */
  featChannels?: number;
}

export class BiCornerPool extends Module {
  private readonly directions: BiCornerPoolConfig['directions'];
  private readonly branches: readonly [ConvModule, ConvModule];
  private readonly after: ConvModule;
  private readonly shortcut: ConvModule;
  private readonly out: ConvModule;

  constructor({ inChannels, outChannels, directions, featChannels = 128 }: BiCornerPoolConfig) {
    super();
    this.directions = directions;
    const normCfg = { type: 'BN' } as const;
    const wide = { kernelSize: 3, padding: 1, normCfg };
    const branch = (name: string) =>
      this.addChild(name, new ConvModule({ ...wide, inChannels, outChannels: featChannels }));
    this.branches = [branch('direction1_conv'), branch('direction2_conv')];
    const after = new ConvModule({ ...wide, inChannels: featChannels, outChannels, actCfg: null });
    this.after = this.addChild('aftpool_conv', after);
    const shortcut = new ConvModule({ inChannels, outChannels, kernelSize: 1, normCfg, actCfg: null });
    this.shortcut = this.addChild('conv1', shortcut);
    this.out = this.addChild('conv2', new ConvModule({ ...wide, inChannels: outChannels, outChannels }));
  }

  /** [N, H, W, in] -> [N, H, W, out]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [a, b] = this.branches.map((conv, i) => cornerPool(conv.forward(x), this.directions[i]));
      const pooled = this.after.forward(tf.add<tf.Tensor4D>(a, b));
      return this.out.forward(tf.relu(tf.add<tf.Tensor4D>(pooled, this.shortcut.forward(x))));
    });
  }
}
