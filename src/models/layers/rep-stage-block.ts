// YOLOv6's stages (Li et al., 2022; MMYOLO's RepStageBlock and BottleRep): re-parameterised blocks in a row, or pairs of them
// around which the input is added with a trained factor.

import * as tf from '@tensorflow/tfjs';
import { ones } from '../../nn/initializers';
import { Module, type Parameter } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import type { FeatureMaps } from '../../ops/join-maps';
import { buildRepBlock, type RepBlock, type RepBlockCfg } from './rep-block';

export interface RepStageBlockConfig {
  inChannels: number;
  outChannels: number;
  numBlocks: number;
  block: RepBlockCfg;
  /** Pairs of blocks with a shortcut, half as many. */
  bottle?: boolean;
}

class BottleRep extends Module {
  private readonly alpha: Parameter<tf.Rank.R1>;
  private readonly conv1: RepBlock;
  private readonly conv2: RepBlock;

  constructor(channels: number, block: RepBlockCfg) {
    super();
    const shape = { inChannels: channels, outChannels: channels };
    this.alpha = this.addParameter('alpha', [1], ones);
    this.conv1 = this.addChild('conv1', buildRepBlock(block, shape));
    this.conv2 = this.addChild('conv2', buildRepBlock(block, shape));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.add(this.conv2.forward(this.conv1.forward(x)), tf.mul(this.alpha.variable, x)));
  }
}

/**
 * With `bottle` the channels stay.
 *
 * @example new RepStageBlock({ inChannels: 32, outChannels: 64, numBlocks: 4, block: { type: 'RepVGGBlock' } })
 */
export class RepStageBlock extends Module {
  private readonly conv1: RepBlock | BottleRep;
  private readonly block?: Sequential<RepBlock | BottleRep>;

  constructor({ inChannels, outChannels, numBlocks, block, bottle }: RepStageBlockConfig) {
    super();
    const build = (from: number) =>
      bottle ? new BottleRep(outChannels, block) : buildRepBlock(block, { inChannels: from, outChannels });
    const count = bottle ? numBlocks >> 1 : numBlocks;
    this.conv1 = this.addChild('conv1', build(inChannels));
    if (count > 1)
      this.block = this.addChild('block', new Sequential(Array.from({ length: count - 1 }, () => build(outChannels))));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one, but with `bottle`. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.conv1.forward(x as tf.Tensor4D);
      return this.block ? this.block.forward(y) : y;
    });
  }
}
