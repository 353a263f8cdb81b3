// StageCascadeRPNHead: one stage of Cascade RPN. Its convolution is aligned with the anchors, which are those of the grid or those that
// the stage before predicted (Vu et al., Cascade RPN, NeurIPS 2019).
//
// In MMDetection background of a RegionAssigner has the label of an object; here it has its own.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { Conv2d, initCfg, Module } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import { AdaptiveConv, adaptCfg } from '../layers/adaptive-conv';
import { boxOffsets } from '../layers/box-offsets';
import type { ProposalCfg } from '../shared-options/proposal-cfg';
import { type Assigner, type AssignerOffer, type AssignInput, PseudoSampler, type Size } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { type AnchorProposalConfig, AnchorProposalHead, anchorProposalOptions } from './anchor-proposal-head';
import { type BatchTargets, batchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { AssignImage } from './dense-head';
import { DenseOutputs, type LevelMaps } from './dense-outputs';
import { featmapSizes } from './flatten-levels';
import { anchorsOption } from './head-options';
import { levelSpans } from './image-rows';
import type { ImageTargets } from './image-targets';
import { initializeDenseHead } from './initialize-dense-head';
import { mapLevels } from './map-levels';

/** Cells per unit of the divisor of the losses where nothing is sampled. */
const CELLS = 200;

const options = z.strictObject({
  ...anchorProposalOptions,
  anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    scales: [8],
    ratios: [1],
    strides: [4, 8, 16, 32, 64],
  }),
  num_convs: ignoredOption('a stage has one convolution, that of adapt_cfg', {
    schema: z.int().positive().default(1),
    lost: true,
  }),
  adapt_cfg: adaptCfg
    .default({ type: 'dilation', dilation: 3 })
    .describe('How the convolution is aligned with the anchors: by dilation, or by offsets from their boxes'),
  bridged_feature: z.boolean().default(false).describe('The next stage reads the features of this one'),
  with_cls: z.boolean().default(true).describe('Predict objectness'),
  sampling: ignoredOption('the sampler of its train_cfg says whether anchors are sampled'),
  init_cfg: initCfg.nullish().describe('Weight initialisation; predictions from N(0, 0.01) by default'),
});
export type StageCascadeRPNConfig = AnchorProposalConfig & z.output<typeof options>;

export class StageCascadeRPNHead extends AnchorProposalHead<StageCascadeRPNConfig> {
  private readonly conv: AdaptiveConv;
  private readonly cls?: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: StageCascadeRPNConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels: inChannels, with_cls } = config;
    const perCell = cellPriors('StageCascadeRPNHead', this.priors, context.path);
    if (config.adapt_cfg.type === 'offset' && perCell !== 1)
      throw new DetLabError(
        `Cannot build StageCascadeRPNHead at ${context.path}: offsets from boxes need one anchor per cell, received ${perCell}`,
      );
    if (!with_cls && this.lossBbox instanceof Module)
      throw new DetLabError(
        `Cannot build StageCascadeRPNHead at ${context.path}: a stage without with_cls has no loss_bbox that counts, received ` +
          config.loss_bbox.type,
      );
    this.conv = this.addChild('rpn_conv', new AdaptiveConv(in_channels, inChannels, config.adapt_cfg));
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels, outChannels: perCell * outChannels, kernelSize: 1 });
    if (with_cls) this.cls = this.addChild('rpn_cls', predict(this.scoreChannels));
    this.reg = this.addChild('rpn_reg', predict(this.coder.encodeSize));
    const override = with_cls ? [{ name: 'rpn_reg' }, { name: 'rpn_cls' }] : [{ name: 'rpn_reg' }];
    initializeDenseHead(this, config.init_cfg ?? { type: 'Normal', std: 0.01, override });
    this.conv.initialize();
  }

  /** Side of the square anchors in strides, where each cell has one. */
  private get squareScale(): number | undefined {
    const { scales, ratios } = this.config.anchor_generator;
    const one = [scales, ratios].every((values) => Array.isArray(values) && values.length === 1);
    return one && (ratios as number[])[0] === 1 ? (scales as number[])[0] : undefined;
  }

  protected override get assignerOffer(): AssignerOffer {
    const { predictions } = super.assignerOffer;
    return {
      ...super.assignerOffer,
      predictions: this.config.with_cls ? predictions : ['boxes'],
      squares: this.squareScale !== undefined,
    };
  }

  protected override assignInput(assigner: Assigner, image: AssignImage): AssignInput {
    const input = super.assignInput(assigner, image);
    const scale = this.squareScale;
    if (scale === undefined) return input;
    return { ...input, squares: { sizes: image.sizes, strides: this.priors.strides.map(([x]) => x), scale } };
  }

  /** Whether it predicts objectness. */
  get scores(): boolean {
    return this.cls !== undefined;
  }

  /** Of the features for the next stage. */
  channelsAfter(channels: number): number {
    return this.config.bridged_feature ? this.config.feat_channels : channels;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<AnchorMaps, tf.Tensor4D> {
    return this.predictAll(this.align(x, level, sizes));
  }

  /** The features for the next stage, and the predictions for anchors [N, T, 4]; without them those of the grid. */
  run(features: tf.Tensor4D[], anchors?: tf.Tensor3D): { features: tf.Tensor4D[]; outputs: DenseOutputs<AnchorMaps> } {
    const sizes = featmapSizes(features);
    const levels = mapLevels(features, (x, level) => {
      const aligned = this.align(x, level, sizes, anchors);
      return { aligned, maps: this.predictAll(aligned) };
    });
    const names = Object.keys(levels[0].maps) as AnchorMaps[];
    const maps = Object.fromEntries(names.map((name) => [name, levels.map((one) => one.maps[name])]));
    const outputs = new DenseOutputs(maps as LevelMaps<AnchorMaps>, this.columns);
    outputs.priors = anchors;
    return { features: this.config.bridged_feature ? levels.map(({ aligned }) => aligned) : features, outputs };
  }

  private align(x: tf.Tensor4D, level: number, sizes: Size[], anchors?: tf.Tensor3D): tf.Tensor4D {
    if (this.config.adapt_cfg.type === 'dilation') return tf.relu(this.conv.forward(x));
    const [start, end] = levelSpans(this.priorCache.counts(sizes))[level];
    const boxes = anchors
      ? anchors.slice([0, start, 0], [-1, end - start, -1])
      : tf.tile(tf.tensor3d(this.priorCache.of(sizes).subarray(4 * start, 4 * end), [1, end - start, 4]), [
          x.shape[0],
          1,
          1,
        ]);
    const offsets = boxOffsets(boxes, sizes[level], this.priors.strides[level]);
    return tf.relu(this.conv.forward(x, offsets.cast<tf.Tensor4D>(x.dtype)));
  }

  /** Without `with_cls` there are no scores. */
  private predictAll(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const deltas = this.reg.forward(x);
    return (this.cls ? { scores: this.cls.forward(x), deltas } : { deltas }) as Record<AnchorMaps, tf.Tensor4D>;
  }

  /** The anchors of the next stage [N, T, 4], within images of these heights and widths [N, 2]; nothing is learned through them. */
  refine(outputs: DenseOutputs<AnchorMaps>, imageSizes: tf.Tensor2D): tf.Tensor3D {
    const { clips = true, clipMargin: margin = 0 } = this.coder;
    return stopGradient(outputs.flat('deltas'), (deltas) => {
      const boxes = this.coder.decodeTensors(outputs.priors ?? this.coderPriors(outputs.sizes), deltas);
      if (!clips) return boxes;
      const [heights, widths] = tf.split(tf.sub(imageSizes, margin), 2, 1);
      const limits = tf.concat([widths, heights, widths, heights], 1).expandDims<tf.Tensor3D>(1);
      return tf.minimum(tf.maximum(boxes, 0), limits);
    });
  }

  lossesOf(outputs: DenseOutputs<AnchorMaps>, batch: DetBatch, context: LossContext): Losses {
    return this.trainingLosses(outputs, batch, context);
  }

  /** `loss_rpn_cls` and `loss_rpn_reg`. */
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    if (this.cls) {
      const { loss_cls, loss_bbox } = super.losses(outputs, targets, context);
      return { loss_rpn_cls: loss_cls, loss_rpn_reg: loss_bbox };
    }
    const boxes = { deltas: outputs.flat('deltas'), sizes: outputs.sizes, priors: outputs.priors };
    return { loss_rpn_reg: this.boxLoss(boxes, targets) };
  }

  protected override mergeTargets(images: ImageTargets[], total: number): BatchTargets {
    if (!(this.sampler instanceof PseudoSampler)) return super.mergeTargets(images, total);
    const avgFactor = meanOverRanks((images.length * total) / CELLS);
    return { ...batchTargets(images, this.targetOptions(total)), avgFactor };
  }

  proposals(outputs: DenseOutputs<AnchorMaps>, batch: DetBatch, cfg?: ProposalCfg, rescale = false): Detections[] {
    return this.detect(outputs, batch, { ...this.testCfg, ...cfg }, rescale);
  }
}

export const stageCascadeRPNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'StageCascadeRPNHead',
  summary: 'One stage of CascadeRPNHead: a convolution aligned with the anchors, objectness and boxes',
  paper: 'Vu et al., Cascade RPN: Delving into High-Quality Region Proposal Network, NeurIPS 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4] and scores [n]',
  example:
    "{ type: 'StageCascadeRPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [1] }, adapt_cfg: { type: 'dilation', dilation: 3 }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: { in_channels: "the neck's channels" },
  infer: (given, context) => ({
    ...given,
    in_channels: inferHeadChannels('StageCascadeRPNHead', given.in_channels, context),
  }),
  build: (given, context) => new StageCascadeRPNHead(given as StageCascadeRPNConfig, context),
});
