// MaskFeatModule: the one map from which SOLOv2's masks are computed. Feature levels are brought to the size of the finest, one
// convolution for each doubling, and added; the last has coordinates (Wang et al., SOLOv2, NeurIPS 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { applyInitCfg, ConvModule, convCfg, initCfg, Module, ModuleList, normCfg } from '../../nn';
import { interpolate } from '../../ops';
import { withCoordinates } from '../layers/coordinate-channels';

const count = z.number().int().positive();
const level = z.number().int().min(0);

export const maskFeatOptions = {
  in_channels: count.optional().describe("Channels of the feature levels: the head's"),
  feat_channels: count.describe('Channels of the hidden layers'),
  start_level: level.describe('First feature level that is read'),
  end_level: level.describe('Last feature level that is read'),
  out_channels: count.describe('Channels of the map'),
  mask_stride: count.default(4).describe('Stride of the map'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  init_cfg: initCfg
    .nullable()
    .default([{ type: 'Normal', layer: 'Conv2d', std: 0.01 }])
    .describe('Weight initialisation'),
};
const options = z.strictObject(maskFeatOptions);
export const maskFeatureHeadOption = options
  .refine(({ start_level, end_level }) => start_level <= end_level, {
    error: 'start_level must not be above end_level',
  })
  .describe('The map that all masks are computed from');
export type MaskFeatConfig = z.output<typeof options> & { in_channels: number };

/** The convolutions of a level: `conv0`, `conv1`, ... */
class LevelConvs extends Module {
  readonly convs: ConvModule[];

  constructor(convs: ConvModule[]) {
    super();
    this.convs = convs.map((conv, i) => this.addChild(`conv${i}`, conv));
  }
}

export class MaskFeatModule extends Module {
  private readonly levels: ModuleList<LevelConvs>;
  private readonly pred: ConvModule;

  constructor(private readonly config: MaskFeatConfig) {
    super();
    const {
      in_channels,
      feat_channels,
      start_level,
      end_level,
      out_channels,
      conv_cfg: convCfg,
      norm_cfg: normCfg,
    } = config;
    const layer = { kernelSize: 3, padding: 1, convCfg, normCfg };
    this.levels = this.addChild('convs_all_levels', new ModuleList<LevelConvs>());
    for (let i = start_level; i <= end_level; i++) {
      const inputs = this.readsCoordinates(i) ? in_channels + 2 : in_channels;
      const convs = Array.from(
        { length: Math.max(i, 1) },
        (_, j) =>
          new ConvModule({ inChannels: j === 0 ? inputs : feat_channels, outChannels: feat_channels, ...layer }),
      );
      this.levels.push(new LevelConvs(convs));
    }
    this.pred = this.addChild(
      'conv_pred',
      new ConvModule({ inChannels: feat_channels, outChannels: out_channels, kernelSize: 1, convCfg, normCfg }),
    );
  }

  /** Called after the initialisation of the head; the last convolution keeps its own. */
  initialize(): void {
    applyInitCfg(this, this.config.init_cfg, [this.pred]);
  }

  private readsCoordinates(level: number): boolean {
    return level > 0 && level === this.config.end_level;
  }

  /** Feature levels [N, h, w, C] -> [N, H, W, out_channels], at the size of the finest level. */
  forward(features: tf.Tensor4D[]): tf.Tensor4D {
    return tf.tidy(() => {
      let sum = this.levelMap(features, 0);
      for (let k = 1; k < this.levels.length; k++) {
        // one large map at a time, beside the sum
        const parts = [sum, this.levelMap(features, k)];
        sum = tf.add(parts[0], parts[1]);
        tf.dispose(parts);
      }
      return this.pred.forward(sum);
    });
  }

  /** The `k`-th level that is read, at the size of the finest. */
  private levelMap(features: tf.Tensor4D[], k: number): tf.Tensor4D {
    const level = this.config.start_level + k;
    return tf.tidy(() => {
      let x = this.readsCoordinates(level) ? withCoordinates(features[level], 'xy') : features[level];
      for (const [j, conv] of this.levels.at(k).convs.entries()) {
        x = conv.forward(x);
        if (level === 0) continue;
        const [, h, w] = features[level - j - 1].shape;
        x = interpolate(x, { size: [h, w], mode: 'bilinear' });
      }
      return x;
    });
  }
}
