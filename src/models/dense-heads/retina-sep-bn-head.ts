// RetinaSepBNHead: RetinaNet's towers whose convolutions all levels share while each has norms of its own (the head of
// NAS-FPN, Ghiasi et al., CVPR 2019). The predictions are shared, too.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { applyInitCfg, Conv2d } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { AnchorDetectionHead, type AnchorDetectionHeadConfig } from './anchor-detection-head';
import { cellPriors } from './cell-priors';
import { type LevelTowers, levelTowers } from './level-towers';
import { type RetinaHeadConfig, retinaOptions } from './retina-head';

const options = z.strictObject({
  ...retinaOptions,
  anchor_generator: retinaOptions.anchor_generator
    .default({ type: 'AnchorGenerator', scales: [8, 16, 32], ratios: [0.5, 1, 2] })
    .describe('The anchors'),
  num_ins: z.int().positive().optional().describe('Feature levels, each with norms of its own'),
  init_cfg: z.null().optional().describe('Only null: the weights start as the head prescribes'),
});
export type RetinaSepBNHeadConfig = AnchorDetectionHeadConfig &
  Pick<RetinaHeadConfig, 'stacked_convs' | 'conv_cfg' | 'norm_cfg'> & { num_ins: number };

export class RetinaSepBNHead extends AnchorDetectionHead {
  private readonly clsConvs: LevelTowers;
  private readonly regConvs: LevelTowers;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: RetinaSepBNHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, stacked_convs, num_ins, conv_cfg, norm_cfg } = config;
    const tower = () =>
      levelTowers({
        levels: num_ins,
        share: true,
        inChannels: in_channels,
        channels: feat_channels,
        count: stacked_convs,
        conv_cfg,
        norm_cfg,
      });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    const perCell = cellPriors('RetinaSepBNHead', this.priors, context.path);
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels: feat_channels, outChannels, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('retina_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('retina_reg', predict(perCell * this.coder.encodeSize));
    applyInitCfg(this, {
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      override: { type: 'Normal', name: 'retina_cls', std: 0.01, bias_prob: 0.01 },
    });
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    let [cls, reg] = [x, x];
    for (const conv of this.clsConvs.at(level)) cls = conv.forward(cls);
    for (const conv of this.regConvs.at(level)) reg = conv.forward(reg);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg) };
  }
}

/** `num_ins` from the levels that the head stands on, else from the strides of its anchors. */
function levelsOf(given: z.output<typeof options>, { inputs, path }: BuildContext): number {
  const strides = (given.anchor_generator as { strides?: unknown[] }).strides;
  const found = inputs?.length ?? strides?.length;
  if (given.num_ins === undefined && found === undefined)
    throw new DetLabError(
      `Cannot build RetinaSepBNHead at ${path}: num_ins, the number of feature levels, is neither given nor known from a neck`,
    );
  if (given.num_ins !== undefined && inputs && given.num_ins !== inputs.length)
    throw new DetLabError(
      `Cannot attach RetinaSepBNHead at ${path}: its num_ins is ${given.num_ins}, but the features it stands on have ` +
        `${inputs.length} levels. Leave num_ins out to take theirs`,
    );
  return (given.num_ins ?? found) as number;
}

export const retinaSepBNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RetinaSepBNHead',
  summary: "RetinaNet's head with norms of its own for each level over shared convolutions",
  paper: 'Ghiasi et al., NAS-FPN, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RetinaSepBNHead', num_classes: 80, norm_cfg: { type: 'BN' }, anchor_generator: { type: 'AnchorGenerator', octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: { ...denseHeadInferred, num_ins: "the neck's levels" },
  infer: (given, context) => ({
    ...inferDenseHead('RetinaSepBNHead', given, context),
    num_ins: levelsOf(given, context),
  }),
  build: (given, context) => new RetinaSepBNHead(given as RetinaSepBNHeadConfig, context),
});
