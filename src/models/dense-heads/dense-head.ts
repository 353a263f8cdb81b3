// The pipeline of all dense heads. Training: forward -> assign -> targets -> losses; prediction: forward -> candidates ->
// decode -> suppress. A family gives its layers (`forwardSingle`), its `losses`, and whatever it changes in between.
// N images, T priors over all levels, C classes; H and W of a level, A priors per cell, K numbers per prior.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections, ImageMeta, Truths } from '../../data/types';
import { clipBoxes, takeBoxes, takeRows } from '../../geometry/boxes';
import { Module } from '../../nn';
import { requireCfg } from '../require-cfg';
import { reportScores, type WatchedScores } from '../score-watch';
import type { ProposalCfg } from '../shared-options/proposal-cfg';
import {
  type Assigner,
  type AssignerOffer,
  type AssignInput,
  type BoxCoder,
  buildAssigner,
  buildSampler,
  type Instances,
  type PriorGenerator,
  PseudoSampler,
  type Sampler,
  type Size,
  toInstances,
} from '../task-modules';
import type { Assignment, DetBatch, LossContext, Losses, ProposalHead, ProposalLosses } from '../types';
import { averagedTargets, type BatchTargets, type BatchTargetsOptions, batchTargets } from './batch-targets';
import { type Candidates, decodeDetections } from './decode-detections';
import { denseAssignment, type Watched } from './dense-assignment';
import type { AssignImage, DenseHeadConfig, DenseHeadParts } from './dense-head-parts';
import { DenseOutputs, type LevelMaps } from './dense-outputs';
import { type ComputedParts, detachedPredictions } from './detached-predictions';
import { featmapSizes } from './flatten-levels';
import { imageRows } from './image-rows';
import { type ImageTargets, imageTargets } from './image-targets';
import { mapLevels } from './map-levels';
import { PriorCache } from './prior-cache';
import type { CandidateTensors, DecodedCandidates, Selection } from './selection';

export type { AssignImage, DenseHeadConfig, DenseHeadParts } from './dense-head-parts';
export type { CandidateTensors, Selection } from './selection';

/** `C` is the config, `M` the names of the predicted maps. */
export abstract class DenseHead<C extends DenseHeadConfig, M extends string> extends Module implements ProposalHead {
  readonly numClasses: number;
  readonly priors: PriorGenerator;
  readonly coder: BoxCoder;
  protected readonly priorCache: PriorCache;
  protected readonly assigner: Assigner | undefined;
  protected readonly sampler: Sampler;

  constructor(
    protected readonly config: C,
    { registry, path }: BuildContext,
    { priors, coder, assigner }: DenseHeadParts,
  ) {
    super();
    this.numClasses = config.num_classes;
    this.priors = priors;
    this.coder = coder;
    this.priorCache = new PriorCache(priors);
    const given = config.train_cfg ?? {};
    const at = (name: string) => ({ registry, path: `${path}.train_cfg.${name}` });
    this.assigner = assigner ?? (given.assigner && buildAssigner(given.assigner, at('assigner'), this.assignerOffer));
    this.sampler =
      given.sampler && this.assigner && !assigner
        ? buildSampler(given.sampler, at('sampler'), { head: this.name, assigner: this.assigner })
        : new PseudoSampler();
  }

  /** Type name, for messages. */
  protected get name(): string {
    return this.constructor.name;
  }

  /** Scores per prior. */
  get scoreChannels(): number {
    return this.numClasses;
  }

  /** Labels that detections may have: 0 up to this number. */
  protected get detectedClasses(): number {
    return this.numClasses;
  }

  /** K of each predicted map. */
  protected abstract get columns(): Readonly<Record<string, number>>;

  /** What the assigner may read of this head, and what the losses read of its result. */
  protected get assignerOffer(): AssignerOffer {
    return { head: this.name, priors: this.priors.form };
  }

  /** A level [N, H, W, channels] -> its predictions [N, H, W, A * K] by name; `sizes` are those of all levels. */
  protected abstract forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<M, tf.Tensor4D>;

  /** Predictions of all levels by name. */
  forward(features: tf.Tensor4D[]): LevelMaps<M> {
    const sizes = featmapSizes(features);
    const levels = mapLevels(features, (x, level) => this.forwardSingle(x, level, sizes));
    const names = Object.keys(levels[0]) as M[];
    return Object.fromEntries(names.map((name) => [name, levels.map((maps) => maps[name])])) as LevelMaps<M>;
  }

  protected outputs(features: tf.Tensor4D[]): DenseOutputs<M> {
    return new DenseOutputs(this.forward(features), this.columns);
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    return this.trainingLosses(this.outputs(features), batch, context);
  }

  /** Assign, then compare. Heads that assign softly, in the loss itself (AutoAssign, FreeAnchor), do both here. */
  protected trainingLosses(outputs: DenseOutputs<M>, batch: DetBatch, context: LossContext): Losses {
    return this.losses(outputs, this.targets(outputs, batch, context), context);
  }

  protected abstract losses(outputs: DenseOutputs<M>, targets: BatchTargets, context: LossContext): Losses;

  /** The assigner of this epoch. @throws DetLabError without train_cfg */
  protected assignerAt(_context: LossContext): Assigner {
    return requireCfg(this.assigner, this.name, 'train_cfg');
  }

  /** Targets of a batch; only an assigner that needs predictions waits for the engine. */
  protected targets(
    outputs: DenseOutputs<M>,
    batch: DetBatch,
    context: LossContext,
    assigner: Assigner = this.assignerAt(context),
  ): BatchTargets {
    const { sizes } = outputs;
    const total = this.priorCache.of(sizes).length / 4;
    const { predictions: parts } = assigner.needs;
    const shape: [number, number, number] = [batch.samples.length, total, this.scoreChannels];
    const predictions = parts && detachedPredictions(parts, shape, this.predictions(outputs));
    const moved = outputs.priors?.dataSync<'float32'>();
    const images = batch.samples.map((_, index) => {
      const priors = moved && imageRows(moved, index, batch.samples.length);
      const image = { batch, index, sizes, context, priors };
      const input = this.assignInput(assigner, image);
      return this.assignImage(assigner, image, { ...input, predictions: predictions?.[index] });
    });
    return this.mergeTargets(images, total);
  }

  /** Targets of one image. */
  protected assignImage(assigner: Assigner, image: AssignImage, input: AssignInput): ImageTargets {
    const { watch } = image.context;
    const inside = this.priorsInside(image);
    const report = watch && ((...given: Watched) => watch.assigned(this.assignment(image, inside, given)));
    const boxTargets = (boxes: Float32Array, priors: Int32Array) =>
      this.boxTargets(boxes, priors, image.sizes, image.priors);
    return imageTargets({ assigner, sampler: this.sampler, boxTargets }, input, inside, report);
  }

  /** What was assigned in one image, for those who watch. */
  private assignment(image: AssignImage, inside: Int32Array | undefined, given: Watched): Assignment {
    const { batch, index, sizes } = image;
    const { truths, meta } = batch.samples[index];
    const priors = image.priors ?? this.priorCache.of(sizes);
    const { form, strides } = this.priors;
    return denseAssignment({
      source: this.name,
      image: index,
      form: form === 'points' ? 'points' : 'anchors',
      priors,
      levels: this.priorCache.levels(sizes),
      strides: strides.map(([x]) => x),
      instances: this.instances(truths, meta.imgPath),
      inside,
      given,
    });
  }

  /** Parts of the predictions that assigners may need, [N, T, K] each. */
  protected predictions(_outputs: DenseOutputs<M>): ComputedParts {
    return {};
  }

  /** What the assigner reads of one image, but for predictions. */
  protected assignInput({ needs }: Assigner, { batch, index, sizes, context, priors }: AssignImage): AssignInput {
    const { meta, truths } = batch.samples[index];
    return {
      priors: priors ?? this.priorCache.of(sizes),
      strides: needs.priors === 'cells' ? this.strides(sizes) : undefined,
      levels: this.priorCache.counts(sizes),
      instances: this.instances(truths, meta.imgPath),
      imgShape: meta.imgShape,
      random: context.random,
      epoch: context.epoch,
    };
  }

  /** Stride of every prior [T]. */
  protected strides(sizes: Size[]): Float32Array {
    return this.priorCache.strides(sizes);
  }

  /** Ground truth of one image. */
  protected instances(truths: Truths, image: string): Instances {
    return toInstances(truths, image);
  }

  /** Indices of the priors of one image that may be assigned; all when undefined. */
  protected priorsInside(_image: AssignImage): Int32Array | undefined {
    return undefined;
  }

  /**
   * What the box loss compares for ground-truth boxes [n, 4] and the indices of their priors [n]: here the boxes. `moved` are the
   * priors of the image where they are not those of the grid.
   */
  protected boxTargets(boxes: Float32Array, _priors: Int32Array, _sizes: Size[], _moved?: Float32Array): Float32Array {
    return boxes;
  }

  /** Targets of a batch from those of its images, with `total` (T) priors each. */
  protected mergeTargets(images: ImageTargets[], total: number): BatchTargets {
    return averagedTargets(batchTargets(images, this.targetOptions(total)));
  }

  protected targetOptions(total: number): BatchTargetsOptions {
    return { total, numClasses: this.numClasses, positiveWeight: 1 };
  }

  /** Beside a mask head: the losses, and what they were computed of. */
  protected assignedLosses(features: tf.Tensor4D[], batch: DetBatch, context: LossContext) {
    const outputs = this.outputs(features);
    const targets = this.targets(outputs, batch, context);
    return { outputs, images: targets.images, losses: this.losses(outputs, targets, context) };
  }

  /** As a first stage: the losses and, without a gradient, the detections of one forward pass. */
  lossAndPredict(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, cfg?: ProposalCfg): ProposalLosses {
    const outputs = this.outputs(features);
    const losses = this.trainingLosses(outputs, batch, context);
    return { losses, proposals: this.detect(outputs, batch, { ...this.testCfg, ...cfg }, false) };
  }

  /** Detections of each image, best first; in pixels of the original image with `rescale`, else of the network's input. */
  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    return this.detect(this.outputs(features), batch, this.testCfg, rescale);
  }

  /** @throws DetLabError without test_cfg */
  protected get testCfg(): NonNullable<C['test_cfg']> {
    return requireCfg(this.config.test_cfg, this.name, 'test_cfg');
  }

  protected detect(
    outputs: DenseOutputs<M>,
    batch: DetBatch,
    cfg: NonNullable<C['test_cfg']>,
    rescale: boolean,
  ): Detections[] {
    return this.selectEach(outputs, batch, (candidates, meta) => this.suppress(candidates, meta, cfg, rescale));
  }

  /** Reads the candidates, once each, and selects among those of each image. */
  protected selectEach<T>(
    outputs: DenseOutputs<M>,
    batch: DetBatch,
    select: (candidates: Candidates, meta: ImageMeta) => T,
  ): T[] {
    const { sizes } = outputs;
    const tensors = this.candidates(outputs);
    reportScores(() => this.watched(tensors, sizes, batch));
    const { scores, boxes, factors } = readTensors(tensors);
    const levels = this.priorCache.counts(sizes);
    const count = batch.samples.length;
    const total = levels.reduce((sum, n) => sum + n, 0);
    return batch.samples.map(({ meta }, i) => {
      const coded = imageRows(boxes, i, count);
      const candidates = {
        scores: imageRows(scores, i, count),
        columns: scores.length / (count * total),
        numClasses: this.detectedClasses,
        levels,
        factors: factors && imageRows(factors, i, count),
        decode: (priors: Int32Array) => this.decodeAt(coded, total, priors, sizes, meta.imgShape, tensors.decoded),
      };
      return select(candidates, meta);
    });
  }

  protected abstract candidates(outputs: DenseOutputs<M>): CandidateTensors;

  /** The candidates with decoded boxes, as tensors alone: what a program without `detect` computes the detections from. */
  decodedCandidates(features: tf.Tensor4D[], outputs: DenseOutputs<M> = this.outputs(features)): DecodedCandidates {
    const { sizes } = outputs;
    const { boxes, decoded, ...rest } = this.candidates(outputs);
    return {
      ...rest,
      boxes: decoded ? boxes : this.decodedBoxes(boxes, sizes),
      sizes,
      levels: this.priorCache.counts(sizes),
    };
  }

  /** `decode` of all candidates [N, T, 4] as a tensor, before boxes are clipped. */
  protected decodedBoxes(boxes: tf.Tensor, sizes: Size[]): tf.Tensor {
    return this.coder.decodeTensors(this.coderPriors(sizes), boxes);
  }

  /** How `suppress` selects, for programs that cannot call it. */
  get selection(): Selection {
    const { clips = true, clipMargin: margin } = this.coder;
    return { rule: 'by level', clips, margin, cfg: this.testCfg };
  }

  /** The candidates of the first image, for those who watch. */
  private watched({ scores, boxes, decoded }: CandidateTensors, sizes: Size[], { samples }: DetBatch): WatchedScores {
    const [, count] = scores.shape as number[];
    const { imgShape } = samples[0].meta;
    const all = () => {
      const coded = imageRows(boxes.dataSync<'float32'>(), 0, samples.length);
      const rows = Int32Array.from({ length: count }, (_, k) => k);
      return this.uprightBoxes(this.decodeAt(coded, count, rows, sizes, imgShape, decoded));
    };
    return {
      source: this.name,
      count,
      numClasses: this.detectedClasses,
      boxes: all,
      score: (index, label) => tf.slice(scores, [0, index, label], [1, 1, 1]).asScalar(),
    };
  }

  /** Boxes of the priors at these indices, of all that an image has. */
  private decodeAt(
    boxes: Float32Array,
    total: number,
    priors: Int32Array,
    sizes: Size[],
    imgShape: Size,
    decoded = false,
  ) {
    const taken = takeRows(boxes, priors, boxes.length / total);
    if (!decoded) return this.decode(taken, priors, sizes, imgShape);
    const { clipMargin: margin = 0 } = this.coder;
    return this.clipsBoxes ? clipBoxes(taken, [imgShape[0] - margin, imgShape[1] - margin]) : taken;
  }

  /** Whether boxes are clipped to the image before they suppress each other. */
  protected get clipsBoxes(): boolean {
    return this.coder.clips ?? true;
  }

  /** The boxes (flat xyxy) around decoded ones, of heads whose boxes are others. */
  protected uprightBoxes(boxes: Float32Array): Float32Array {
    return boxes;
  }

  /** Boxes (flat xyxy, clipped to the image if `clipsBoxes`) of n candidates: their `boxes` [n, 4], and which priors they belong to. */
  protected decode(boxes: Float32Array, priors: Int32Array, sizes: Size[], imgShape: Size): Float32Array {
    const clip = this.clipsBoxes ? { maxShape: imgShape } : {};
    return this.coder.decode(takeBoxes(this.coderPriors(sizes), priors), boxes, clip);
  }

  /** The priors in the form that the coder needs. */
  protected coderPriors(sizes: Size[]): Float32Array {
    return this.coder.priors === 'points' ? this.priorCache.points(sizes) : this.priorCache.of(sizes);
  }

  /** Of each row (image * T + prior) its prior, in the form that the coder needs [n, 4]. */
  protected priorsOf(rows: Int32Array, sizes: Size[]): Float32Array {
    const priors = this.coderPriors(sizes);
    const total = priors.length / 4;
    return takeBoxes(
      priors,
      rows.map((row) => row % total),
    );
  }

  /** Detections of one image. */
  protected suppress(
    candidates: Candidates,
    meta: ImageMeta,
    cfg: NonNullable<C['test_cfg']>,
    rescale: boolean,
  ): Detections {
    return decodeDetections(candidates, meta, cfg, rescale);
  }
}

function readTensors({ scores, boxes, factors }: CandidateTensors) {
  return {
    scores: scores.dataSync<'float32'>(),
    boxes: boxes.dataSync<'float32'>(),
    factors: factors?.dataSync<'float32'>(),
  };
}
