// What heads that recognise objects have in common: convolutions and linear layers on pooled RoIs, that make a vector of each.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConvModule, convCfg, initCfg, Linear, Module, ModuleList, normCfg } from '../../nn';

const size = z.int().positive();
const count = (meaning: string) => z.int().min(0).default(0).describe(meaning);

export const embedOptions = {
  num_convs: count('3x3 convolutions'),
  num_fcs: count('Fully connected layers'),
  roi_feat_size: z
    .union([size, z.tuple([size, size])])
    .default(7)
    .describe('Size of a pooled RoI, or [height, width]'),
  in_channels: size.default(256).describe('Channels of a pooled RoI'),
  conv_out_channels: size.default(256).describe('Channels of the convolutions'),
  with_avg_pool: z.boolean().default(false).describe('Average an RoI before the fully connected layers'),
  fc_out_channels: size.default(1024).describe('Features of the fully connected layers'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
};
export const embedInitCfg = initCfg.nullish();
export type EmbedBranchConfig = z.output<z.ZodObject<typeof embedOptions>>;

/** `convs` and `fcs`, as names of a state dict have them. */
export class EmbedBranch extends Module {
  private readonly convs: ModuleList<ConvModule>;
  private readonly fcs: ModuleList<Linear>;
  /** What the branch gives of each RoI, and the map [C, height, width] it is flattened from, if any. */
  protected readonly output: { features: number; chw?: [number, number, number] };

  constructor(private readonly branch: EmbedBranchConfig) {
    super();
    const { num_convs, num_fcs, in_channels, conv_out_channels: outChannels, fc_out_channels: outFeatures } = branch;
    const { roi_feat_size: side } = branch;
    const [height, width] = typeof side === 'number' ? [side, side] : side;
    const conv = (i: number) =>
      new ConvModule({
        inChannels: i === 0 ? in_channels : outChannels,
        outChannels,
        kernelSize: 3,
        padding: 1,
        convCfg: branch.conv_cfg,
        normCfg: branch.norm_cfg,
      });
    this.convs = this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, (_, i) => conv(i))));
    const channels = num_convs > 0 ? outChannels : in_channels;
    const pooled = branch.with_avg_pool
      ? { features: channels }
      : { features: channels * height * width, chw: [channels, height, width] as [number, number, number] };
    const fc = (i: number) => {
      const { features, chw } = i === 0 ? pooled : { features: outFeatures, chw: undefined };
      return new Linear({ inFeatures: features, chw, outFeatures });
    };
    this.fcs = this.addChild('fcs', new ModuleList(Array.from({ length: num_fcs }, (_, i) => fc(i))));
    this.output = num_fcs > 0 ? { features: outFeatures } : pooled;
  }

  /** Pooled RoIs [K, h, w, C] -> [K, features]. */
  protected flat(pooled: tf.Tensor4D): tf.Tensor2D {
    let map = pooled;
    for (const conv of this.convs) map = conv.forward(map);
    let row: tf.Tensor2D = this.branch.with_avg_pool ? tf.mean(map, [1, 2]) : map.reshape([map.shape[0], -1]);
    for (const fc of this.fcs) row = fc.forward(row, { activation: 'relu' });
    return row;
  }
}
