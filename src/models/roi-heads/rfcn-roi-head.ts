// RFCNRoIHead: the second stage of R-FCN (Dai et al., NeurIPS 2016). All layers are on the whole image: a 1x1 convolution, then maps of
// scores and of box deltas for each bin of an RoI, which are pooled by position and averaged. It reads the last of the levels.
// Channels of the maps: output channel by output channel, of each the bins row by row.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Conv2d, ConvModule, normal, zeros } from '../../nn';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import type { DetBatch, LossContext, Losses, Proposals, RoIOutputs } from '../types';
import type { RoIHeadParts } from './roi-head-parts';
import { type PoolSource, RoIPooler } from './roi-pooler';
import { StandardRoIHead, type StandardRoIHeadConfig, standardOptions } from './standard-roi-head';
import type { RoIExtractor } from './types';

const { mask_roi_extractor: _extractor, mask_head: _mask, shared_head: _shared, ...shared } = standardOptions;
const options = z.strictObject({
  ...shared,
  in_channels: z.int().positive().optional().describe('Channels of the last feature level'),
  feat_channels: z
    .int()
    .min(0)
    .default(1024)
    .describe('Channels of the 1x1 convolution before the score maps; 0: there is none'),
});
type Options = z.output<typeof options> & StandardRoIHeadConfig;

/** Pools from the score maps, for which `RoIHeadParts.maps` has a place. */
class ScorePooler extends RoIPooler {
  override get sources(): readonly PoolSource[] {
    return [{ extractor: this.extractor, map: 0 }];
  }
}

export class RFCNRoIHead extends StandardRoIHead<Options> {
  private readonly reduce?: ConvModule;
  private readonly scoreMaps: Conv2d;
  private readonly boxMaps: Conv2d;

  constructor(given: Options, context: BuildContext) {
    const plan = planOf(given, context);
    super(given, { ...context, inputs: [{ channels: plan.bins * (plan.scores + plan.deltas), stride: plan.stride }] });
    const { feat_channels: width } = given;
    const start = { kernelSize: 1, init: normal(0.01), biasInit: zeros };
    if (width > 0) {
      this.reduce = this.addChild(
        'conv_new',
        new ConvModule({ inChannels: plan.channels, outChannels: width, kernelSize: 1 }),
      );
      this.reduce.conv.weight.initializer = start.init;
    }
    const maps = (channels: number) =>
      new Conv2d({ inChannels: width || plan.channels, outChannels: plan.bins * channels, ...start });
    this.scoreMaps = this.addChild('rfcn_cls', maps(plan.scores));
    this.boxMaps = this.addChild('rfcn_reg', maps(plan.deltas));
  }

  /** Of the last level: [N, H, W, bins (scores + deltas)]. */
  private maps(features: readonly tf.Tensor4D[]): tf.Tensor4D[] {
    const last = features[features.length - 1];
    const x = this.reduce ? this.reduce.forward(last) : last;
    return [tf.concat([this.scoreMaps.forward(x), this.boxMaps.forward(x)], 3)];
  }

  override loss(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, context: LossContext): Losses {
    return super.loss(this.maps(features), proposals, batch, context);
  }

  override forward(features: tf.Tensor4D[], proposals: Proposals[]): RoIOutputs {
    return super.forward(this.maps(features), proposals);
  }

  override predict(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    options?: { rescale?: boolean },
  ): Detections[] {
    return super.predict(this.maps(features), proposals, batch, options);
  }

  protected override createPooler(extractor: RoIExtractor): RoIPooler {
    return new ScorePooler(extractor);
  }

  override get parts(): RoIHeadParts {
    return { ...super.parts, maps: (levels) => this.maps(levels) };
  }
}

/** Channels of the level it reads, bins of an RoI, and what is predicted of each. */
function planOf(given: Options, { inputs, path, numClasses }: BuildContext) {
  const level = inputs?.at(-1);
  const channels = given.in_channels ?? level?.channels;
  if (channels === undefined || (level && level.channels !== channels))
    throw new DetLabError(
      `Cannot ${level ? 'attach' : 'build'} RFCNRoIHead at ${path}: in_channels is ${channels ?? 'not given'}, and the last feature level ` +
        `${level ? `has ${level.channels} channels` : 'is not known'}. ${level ? 'Leave it out to take theirs' : 'Give a number'}`,
    );
  const layer = given.bbox_roi_extractor.roi_layer as (ModuleConfig & { output_size?: number | number[] }) | undefined;
  if (!/^(mmdet\.)?PSRoI(Pool|Align)$/.test(layer?.type ?? ''))
    throw new DetLabError(
      `Cannot build RFCNRoIHead at ${path}: expected the roi_layer PSRoIPool or PSRoIAlign in bbox_roi_extractor, received ` +
        `"${layer?.type ?? ''}"`,
    );
  const { output_size: size = 0 } = layer!;
  const head = given.bbox_head as ModuleConfig & { num_classes?: number; reg_class_agnostic?: boolean };
  const classes = inferNumClasses('RFCNRoIHead', head.num_classes, { path: `${path}.bbox_head`, numClasses });
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return {
    channels,
    stride: level?.stride ?? 16,
    bins: height * width,
    scores: classes + 1,
    deltas: 4 * ((head.reg_class_agnostic ?? true) ? 1 : classes),
  };
}

export const rfcnRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'RFCNRoIHead',
  summary: 'Second stage of R-FCN: score maps of the whole image for each bin of an RoI, pooled by position',
  paper: 'Dai, Li, He and Sun, R-FCN: Object Detection via Region-based Fully Convolutional Networks, NeurIPS 2016',
  shapes: 'the last feature level [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'RFCNRoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'PSRoIPool', output_size: 7 } },
  bbox_head: { type: 'RFCNBBoxHead' },
}`,
  options,
  inferred: { in_channels: "the last level's channels" },
  build: (given, context) => new RFCNRoIHead(given as Options, context),
});
