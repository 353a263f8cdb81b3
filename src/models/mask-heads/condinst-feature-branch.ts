// The map that CondInst's masks are computed from: one convolution of each level, brought to the size of the first, added, and a
// tower of convolutions (Tian et al., ECCV 2020). MMDetection calls it MaskFeatModule.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import {
  applyInitCfg,
  Conv2d,
  ConvModule,
  convCfg,
  initCfg,
  kaiming,
  Module,
  ModuleList,
  normCfg,
  Sequential,
  zeros,
} from '../../nn';
import { alignedBilinear } from '../../ops';

const count = z.number().int().positive();
const level = z.number().int().min(0);
const options = z.strictObject({
  in_channels: count.optional().describe("Channels of the feature levels: the neck's"),
  feat_channels: count.describe('Channels of the hidden layers'),
  start_level: level.describe('First feature level that is read'),
  end_level: level.describe('Last feature level that is read'),
  out_channels: count.describe('Channels of the map'),
  mask_stride: count.default(4).describe('Stride of the map'),
  num_stacked_convs: level.default(4).describe('Convolutions after the levels are added'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  init_cfg: initCfg
    .nullable()
    .default([{ type: 'Normal', layer: 'Conv2d', std: 0.01 }])
    .describe('Weight initialisation'),
});
export const featureBranchOption = options
  .refine(({ start_level, end_level }) => start_level <= end_level, {
    error: 'start_level must not be above end_level',
  })
  .describe('The map that all masks are computed from');
export type FeatureBranchConfig = z.output<typeof options> & { in_channels: number };

/** The convolution of a level, under its name. */
class LevelConv extends Module {
  private readonly conv: ConvModule;

  constructor(name: string, conv: ConvModule) {
    super();
    this.conv = this.addChild(name, conv);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.conv.forward(x);
  }
}

export class CondInstFeatureBranch extends Module {
  private readonly levels: ModuleList<LevelConv>;
  private readonly tower: Sequential<ConvModule>;
  private readonly pred: Conv2d;

  constructor(private readonly config: FeatureBranchConfig) {
    super();
    const { in_channels, feat_channels: outChannels, start_level, end_level, num_stacked_convs } = config;
    const { conv_cfg: convCfg, norm_cfg: normCfg } = config;
    const conv = (inChannels: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 3, padding: 1, convCfg, normCfg, bias: false });
    const levels = Array.from({ length: end_level - start_level + 1 }, (_, k) => start_level + k);
    this.levels = this.addChild(
      'convs_all_levels',
      new ModuleList(levels.map((i) => new LevelConv(`conv${i}`, conv(in_channels)))),
    );
    const tower = Array.from({ length: num_stacked_convs }, () => conv(outChannels));
    this.tower = this.addChild('conv_branch', new Sequential(tower));
    const pred = new Conv2d({ inChannels: outChannels, outChannels: config.out_channels, kernelSize: 1 });
    this.pred = this.addChild('conv_pred', pred);
    applyInitCfg(this, config.init_cfg);
    // the reference means the whole branch, but its call reaches this layer alone
    pred.weight.initializer = kaiming({ a: 1, distribution: 'uniform' });
    if (pred.bias) pred.bias.initializer = zeros;
  }

  /** Feature levels [N, h, w, C] -> [N, H, W, out_channels], at the size of the first level that is read. */
  forward(features: tf.Tensor4D[]): tf.Tensor4D {
    return tf.tidy(() => {
      const { start_level } = this.config;
      const [, height, width] = features[start_level].shape;
      const maps = [...this.levels].map((conv, k) => {
        const x = conv.forward(features[start_level + k]);
        const [, h, w] = x.shape;
        const factor = Math.floor(height / h);
        if (factor * h !== height || factor * w !== width)
          throw new DetLabError(
            `Cannot join feature levels of ${height} x ${width} and ${h} x ${w} for masks: expected sizes that are whole ` +
              'multiples. Set pad_size_divisor of the data_preprocessor to the stride of the coarsest of them, for example 32',
          );
        return alignedBilinear(x, factor);
      });
      return this.pred.forward(this.tower.forward(maps.length > 1 ? tf.addN(maps) : maps[0]));
    });
  }
}
