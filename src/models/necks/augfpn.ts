// AugFPN (Guo et al., CVPR 2020). From the paper: residual feature augmentation (C5 pooled to 0.1, 0.2 and 0.3 of its size,
// convolved, upsampled, fused and added to M5) and consistent supervision (the second stage's losses on M2 to M5, weight
// 0.25); its soft RoI selection is the extractor SoftRoIExtractor. As in the authors' code, where the paper leaves it open:
// average pooling, sizes rounded down (at least 1), upsampling with aligned corners. Our choice: the supervised levels share the
// detector's own bbox_head (the authors train a second one beside it), with the mean over all regions of all levels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { ModuleList } from '../../nn/module-list';
import { adaptiveAvgPool2d, interpolate } from '../../ops/interpolate';
import { AdaptiveSpatialFusion } from '../layers/adaptive-spatial-fusion';
import type { FeatureSpec, Neck, NeckTraining } from '../types';
import { FPN } from './fpn';
import { fpnOptions, inferFPN } from './fpn-options';

const options = fpnOptions.extend({
  pool_ratios: z
    .array(z.number().gt(0).max(1))
    .min(1)
    .default([0.1, 0.2, 0.3])
    .describe('Pooled sizes of the coarsest level, as ratios of its size'),
  auxiliary_weight: z
    .number()
    .min(0)
    .default(0.25)
    .describe(
      'Weight of the auxiliary losses on the levels before they are fused; 0: none. One-stage detectors have none',
    ),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/**
 * @example new AugFPN({ ...augFpn.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512, 1024, 2048] })
 */
export class AugFPN extends FPN implements Neck {
  private readonly highLateralConvs: ModuleList<ConvModule>;
  private readonly highFusion: AdaptiveSpatialFusion;
  private readonly auxiliaryStrides: number[];

  constructor(
    private readonly augmentation: Options,
    inputs?: FeatureSpec[],
  ) {
    super(augmentation, inputs);
    const { in_channels, out_channels: outChannels, pool_ratios, conv_cfg: convCfg } = augmentation;
    const shape = { inChannels: in_channels[this.end - 1], outChannels, kernelSize: 1, convCfg, actCfg: null };
    this.highLateralConvs = this.addChild(
      'high_lateral_convs',
      new ModuleList(pool_ratios.map(() => new ConvModule(shape))),
    );
    this.highFusion = this.addChild('high_fusion', new AdaptiveSpatialFusion(outChannels, pool_ratios.length));
    this.auxiliaryStrides = this.outputs.slice(0, this.used).map((level) => level.stride);
    applyInitCfg(this, augmentation.init_cfg);
  }

  /** M2 to M5 before they are merged, and after. */
  private levels(inputs: tf.Tensor4D[]): { raw: tf.Tensor4D[]; laterals: tf.Tensor4D[] } {
    const raw = [...this.lateralConvs].map((conv, i) => conv.forward(inputs[this.options.start_level + i]));
    const laterals = [...raw];
    const top = raw.length - 1;
    laterals[top] = tf.add(raw[top], this.residual(inputs[this.end - 1]));
    for (let i = top - 1; i >= 0; i--) laterals[i] = tf.add(raw[i], this.upsample(laterals[i + 1], raw[i]));
    return { raw, laterals };
  }

  /** M6: what pooling the coarsest backbone level keeps of its context, at that level's size. */
  private residual(x: tf.Tensor4D): tf.Tensor4D {
    const size: [number, number] = [x.shape[1], x.shape[2]];
    const maps = this.augmentation.pool_ratios.map((ratio, i) => {
      const small = size.map((side) => Math.max(1, Math.floor(side * ratio))) as [number, number];
      const pooled = this.highLateralConvs.at(i).forward(adaptiveAvgPool2d(x, small));
      return interpolate(pooled, { size, mode: 'bilinear', alignCorners: true });
    });
    return this.highFusion.forward(maps);
  }

  protected override topDown(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return this.levels(inputs).laterals;
  }

  forwardTraining(inputs: tf.Tensor4D[]): NeckTraining {
    const { auxiliary_weight: weight } = this.augmentation;
    if (weight === 0) return { features: this.forward(inputs) };
    const { raw, laterals } = this.levels(inputs);
    const outs = laterals.map((lateral, i) => this.fpnConvs.at(i).forward(lateral));
    const features = this.extend(outs, inputs, laterals);
    return { features, auxiliary: { levels: raw, strides: this.auxiliaryStrides, weight } };
  }
}

export const augFpn = defineModule({
  kind: 'neck',
  type: 'AugFPN',
  summary: 'FPN with residual feature augmentation of the coarsest level and auxiliary losses on the laterals.',
  paper:
    'Guo, Fan, Zhang, Xiang and Pan: AugFPN: Improving Multi-scale Feature Learning for Object Detection, CVPR 2020',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'AugFPN', out_channels: 256, num_outs: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferFPN('AugFPN', o, context),
  build: (o, { inputs }) => new AugFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
