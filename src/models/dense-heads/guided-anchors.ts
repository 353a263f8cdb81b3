// Guided anchoring: where anchors are and how large they are is predicted, and features adapt to them (Wang et al., Region Proposal
// by Guided Anchoring, CVPR 2019). What the heads with such anchors share. N images, T cells over all levels, one anchor each.
//
// MMDetection trains the location against label 1 in the middle of objects, which is its background: it falls there, and the filter
// of prediction keeps all else. Here it rises there, as in the paper and in the checkpoints that came from MMDetection 1.x.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { meanOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { joinArrays } from '../join-arrays';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import { type Assigner, buildAssigner, buildBBoxCoder, buildSampler, type Sampler } from '../task-modules';
import { DeltaXYWHBBoxCoder } from '../task-modules/coders/delta-xywh-bbox-coder';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
import { ApproxAnchors, requireCells } from './approx-anchors';
import { decodeBestPriors } from './decode-best-priors';
import type { Candidates, SuppressionCfg } from './decode-detections';
import type { AssignImage, CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { GuidedAnchorConfig } from './guided-anchor-options';
import { imageTargets } from './image-targets';
import { locationTargets } from './location-targets';

/** Sizes change at most by this factor, or its inverse. */
const RATIO_CLIP = 1e-6;
/** Cells per unit of the divisor of the location loss. */
const CELLS = 200;

export type GuidedMaps = AnchorMaps | 'shapes' | 'locations';
type Guided = 'shapes' | 'locations';
type HeadConfig<C> = Omit<C, 'train_cfg'> & AnchorHeadConfig & { train_cfg?: GuidedAnchorConfig['train_cfg'] };

export abstract class GuidedAnchors<C extends GuidedAnchorConfig> extends AnchorHead<HeadConfig<C>, Guided> {
  protected readonly guided: C;
  protected readonly lossLoc: ClassificationLoss;
  protected readonly lossShape: Loss;
  private readonly approxs: ApproxAnchors;
  private readonly anchorCoder: DeltaXYWHBBoxCoder;
  private readonly shapes?: { assigner: Assigner; sampler: Sampler };

  constructor(config: C, context: BuildContext) {
    super({ ...config, anchor_generator: config.square_anchor_generator }, context);
    this.guided = config;
    const { registry, path, inputs } = context;
    const head = new.target.name;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    this.approxs = new ApproxAnchors(config, this.priors, context, head);
    const coder = buildBBoxCoder(config.anchor_coder, at('anchor_coder'), { head, priors: 'boxes' });
    if (!(coder instanceof DeltaXYWHBBoxCoder))
      throw new DetLabError(
        `Cannot use ${config.anchor_coder.type} in ${head} at ${path}.anchor_coder: sizes of anchors are coded by DeltaXYWHBBoxCoder`,
      );
    this.anchorCoder = coder;
    this.lossLoc = buildClassificationLoss(config.loss_loc, at('loss_loc'));
    this.lossShape = registry.build('loss', config.loss_shape, at('loss_shape'));
    const { train_cfg } = config;
    if (!train_cfg) return;
    const offer = { ...this.assignerOffer, predictions: [], approxs: true };
    const assigner = buildAssigner(train_cfg.ga_assigner, at('train_cfg.ga_assigner'), offer);
    const sampler = buildSampler(train_cfg.ga_sampler, at('train_cfg.ga_sampler'), { head, assigner });
    this.shapes = { assigner, sampler };
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, shapes: 2, locations: 1 };
  }

  /** With the anchors of each image, which nothing is learned through. */
  protected override outputs(features: tf.Tensor4D[]): DenseOutputs<GuidedMaps> {
    const outputs = super.outputs(features);
    const squares = this.priorCache.of(outputs.sizes);
    outputs.priors = stopGradient(outputs.flat('shapes'), (shapes) =>
      this.anchorCoder.decodeTensors(squares, tf.concat([tf.zerosLike(shapes), shapes], 2), { ratioClip: RATIO_CLIP }),
    );
    return outputs;
  }

  protected override priorsInside(image: AssignImage): Int32Array | undefined {
    const border = this.guided.train_cfg?.allowed_border ?? -1;
    const cells = requireCells(this.approxs.cellsInside(image, border), image);
    const { priors } = image;
    if (!cells || !priors || border < 0) return cells;
    const [height, width] = image.batch.samples[image.index].meta.imgShape;
    const limits = [width + border, height + border];
    return cells.filter((i) => [0, 1].every((k) => priors[4 * i + k] >= -border && priors[4 * i + 2 + k] < limits[k]));
  }

  protected override trainingLosses(outputs: DenseOutputs<GuidedMaps>, batch: DetBatch, context: LossContext): Losses {
    const losses = super.trainingLosses(outputs, batch, context);
    return {
      ...losses,
      loss_shape: this.shapeLoss(outputs, batch, context),
      loss_loc: this.locationLoss(outputs, batch),
    };
  }

  /** Sizes of the anchors that are assigned by what they may become. */
  private shapeLoss(outputs: DenseOutputs<GuidedMaps>, batch: DetBatch, context: LossContext): tf.Scalar {
    const { sizes } = outputs;
    const squares = this.priorCache.of(sizes);
    const total = squares.length / 4;
    const images = batch.samples.map((_, index) => {
      const image = { batch, index, sizes, context };
      const { assigner, sampler } = this.shapes!;
      const input = { ...this.assignInput(assigner, image), approxs: this.approxs.of(sizes) };
      const cells = this.approxs.cellsInside(image, this.guided.train_cfg?.allowed_border);
      return imageTargets({ assigner, sampler, boxTargets: (boxes) => boxes }, input, cells);
    });
    const avgFactor = meanOverRanks(images.reduce((sum, { avgFactor: n }) => sum + n, 0));
    const rows = Int32Array.from(images.flatMap(({ positive }, i) => Array.from(positive, (k) => i * total + k)));
    if (rows.length === 0) return zeroLoss(this);
    const shapes = tf.gather(outputs.flat('shapes').reshape<tf.Tensor2D>([-1, 2]), tf.tensor1d(rows, 'int32'));
    const codes = tf.concat([tf.zerosLike(shapes), shapes], 1);
    const anchors = this.anchorCoder.decodeTensors(this.priorsOf(rows, sizes), codes, { ratioClip: RATIO_CLIP });
    const target = tf.tensor2d(joinArrays(images.map(({ boxes }) => boxes)), [rows.length, 4]);
    return this.lossShape.forward(anchors, target, { avgFactor }) as tf.Scalar;
  }

  private locationLoss(outputs: DenseOutputs<GuidedMaps>, { samples }: DetBatch): tf.Scalar {
    const { approx_anchor_generator, train_cfg } = this.guided;
    const options = {
      strides: this.priors.strides.map(([x]) => x),
      scale: Number(approx_anchor_generator.octave_base_scale),
      centerRatio: train_cfg!.center_ratio,
      ignoreRatio: train_cfg!.ignore_ratio,
    };
    const images = samples.map(({ truths, meta }) =>
      locationTargets(this.instances(truths, meta.imgPath), outputs.sizes, options),
    );
    const labels = Int32Array.from(images.flatMap((image) => [...image.labels]));
    return this.lossLoc.forward(outputs.flat('locations').reshape([-1, 1]), tf.tensor1d(labels, 'int32'), {
      weight: tf.tensor1d(joinArrays(images.map(({ weights }) => weights))),
      avgFactor: labels.length / CELLS,
    }) as tf.Scalar;
  }

  /** `scores` where the location is likely, `dropped` elsewhere; in training, where a second stage learns from them, all. */
  protected located(outputs: DenseOutputs<GuidedMaps>, scores: tf.Tensor, dropped: number): tf.Tensor {
    if (this.training) return scores;
    const likely = tf.greaterEqual(tf.sigmoid(outputs.flat('locations')), this.guided.loc_filter_thr); // [N, T, 1]
    // compared with each score rather than tiled: a graph need not know its size
    const kept = tf.logicalAnd(likely, tf.greaterEqual(scores, Number.NEGATIVE_INFINITY));
    return tf.where(kept, scores, tf.add(tf.zerosLike(scores), dropped));
  }

  protected override candidates(outputs: DenseOutputs<GuidedMaps>): CandidateTensors {
    const { scores, ...rest } = super.candidates(outputs);
    return { ...rest, scores: this.located(outputs, scores, -1) };
  }

  override get selection(): Selection {
    return { ...super.selection, rule: 'best priors' };
  }

  protected override suppress(
    candidates: Candidates,
    meta: ImageMeta,
    cfg: SuppressionCfg,
    rescale: boolean,
  ): Detections {
    return decodeBestPriors(candidates, meta, cfg, rescale);
  }
}
