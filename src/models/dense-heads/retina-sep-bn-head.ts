// RetinaSepBNHead: RetinaNet's towers with convolutions that all levels share and norms per level (the head of NAS-FPN,
// Ghiasi et al., CVPR 2019). The predictions are shared, too.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { cellPriors } from './cell-priors';
import { anchorsOption, rareClassInit } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { LevelTowers } from './level-towers';
import { type RetinaHeadConfig, retinaOptions } from './retina-head';

const options = z.strictObject({
  ...retinaOptions,
  anchor_generator: anchorsOption({ type: 'AnchorGenerator', scales: [8, 16, 32], ratios: [0.5, 1, 2] }),
  num_ins: z.int().positive().optional().describe('Number of feature levels, each with its own norms'),
  init_cfg: z.null().optional().describe('Weight initialisation is fixed: only null is accepted'),
});
export type RetinaSepBNHeadConfig = Omit<RetinaHeadConfig, 'init_cfg'> & { num_ins: number };

export class RetinaSepBNHead extends AnchorHead<RetinaSepBNHeadConfig> {
  private readonly towers: LevelTowers;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: RetinaSepBNHeadConfig, context: BuildContext) {
    super(config, context);
    this.towers = new LevelTowers(config, { levels: config.num_ins, share: true });
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const perCell = cellPriors('RetinaSepBNHead', this.priors, context.path);
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels: config.feat_channels, outChannels, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('retina_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('retina_reg', predict(perCell * this.coder.encodeSize));
    initializeDenseHead(this, rareClassInit('retina_cls'));
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg) };
  }
}

/** `num_ins` from the input feature levels, else from the strides of the anchors. */
function levelsOf(given: z.output<typeof options>, { inputs, path }: BuildContext): number {
  const strides = (given.anchor_generator as { strides?: unknown[] }).strides;
  const levels = inputs?.length ?? strides?.length;
  if (given.num_ins === undefined && levels === undefined)
    throw new DetLabError(
      `Cannot build RetinaSepBNHead at ${path}: num_ins, the number of feature levels, is neither given nor known from a neck`,
    );
  if (given.num_ins !== undefined && inputs && given.num_ins !== inputs.length)
    throw new DetLabError(
      `Cannot attach RetinaSepBNHead at ${path}: its num_ins is ${given.num_ins}, but the features it reads have ` +
        `${inputs.length} levels. Leave num_ins out to take theirs`,
    );
  return (given.num_ins ?? levels) as number;
}

export const retinaSepBNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RetinaSepBNHead',
  summary: "RetinaNet's head with shared convolutions and separate normalisation per level",
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
