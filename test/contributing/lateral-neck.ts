// LateralNeck: one 1x1 convolution per level, all levels to the same channels. The laterals of FPN (Lin et al., CVPR 2017)
// without its top-down path.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../src/catalogue/registry';
import type { FeatureSpec, Neck } from '../../src/models/types';
import { ConvModule, Module, ModuleList } from '../../src/nn';

const options = z.strictObject({
  in_channels: z.array(z.int().positive()).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().default(256).describe('Channels of every output level'),
});

export class LateralNeck extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly laterals: ModuleList<ConvModule>;

  constructor(levels: readonly FeatureSpec[], channels: number) {
    super();
    this.outputs = levels.map(({ stride }) => ({ stride, channels }));
    const lateral = ({ channels: inChannels }: FeatureSpec) =>
      new ConvModule({ inChannels, outChannels: channels, kernelSize: 1, actCfg: null });
    this.laterals = this.addChild('lateral_convs', new ModuleList(levels.map(lateral)));
  }

  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => features.map((x, i) => this.laterals.at(i).forward(x))); // [N, H/s, W/s, out_channels] each
  }
}

export const lateralNeck = defineModule({
  kind: 'neck',
  type: 'LateralNeck',
  summary: 'One 1x1 convolution per level, without a top-down path',
  origin: 'DetLab, an example',
  shapes: '[N, H/s, W/s, in_channels[i]] for each level -> [N, H/s, W/s, out_channels] for each level',
  example: "{ type: 'LateralNeck', out_channels: 128 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  build: ({ out_channels }, { inputs = [] }) => new LateralNeck(inputs, out_channels),
});
