// SparseRoIHead: the second stage of Sparse R-CNN (Sun et al., CVPR 2021) and, with mask heads, of QueryInst (Fang et al., ICCV
// 2021). Every stage moves all proposals and hands features of their objects on; after each, ground truth is matched with what
// was predicted, one to one. Detections are the best (proposal, class) pairs of the last stage, without NMS.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { topIndices } from '../../ops/top-indices';
import { toFrame } from '../dense-heads/decode-detections';
import { imageRows } from '../dense-heads/image-rows';
import { queryAssignment } from '../dense-heads/query-targets';
import { requireCfg } from '../require-cfg';
import { reportScores } from '../score-watch';
import { type Assigner, buildAssigner, buildSampler, type Sampler, type SamplingResult } from '../task-modules';
import type { DetBatch, Losses, Proposals, RoIOutputs } from '../types';
import { bboxTargets, reorder } from './bbox-heads/bbox-targets';
import { type DecodedOutputs, DIIHead } from './bbox-heads/dii-head';
import { stageInput } from './bbox-stage';
import { CascadeRoIHead, type CascadeRoIHeadConfig, cascadeOptions, type StageLoss } from './cascade-roi-head';
import { type MaskPredictor, maskLoss, maskProbabilities, maskTargets, withMasks } from './mask-branch';
import type { RCNNTrainCfg } from './proposal-sampler';
import type { MaskParts } from './roi-head-parts';
import { roisOf } from './rois';
import type { StageInput, StageTraining } from './types';

/** `test_cfg.rcnn`. */
export const sparseTestCfg = z.strictObject({
  max_per_img: z.int().positive().describe('Detections kept per image, best first'),
  mask_thr_binary: z.number().min(0).max(1).optional().describe('Probability from which a pixel belongs to the mask'),
});
type SparseTestCfg = z.output<typeof sparseTestCfg>;

const options = z.strictObject({
  ...cascadeOptions,
  num_stages: cascadeOptions.num_stages.default(6).describe('Number of stages'),
  stage_loss_weights: cascadeOptions.stage_loss_weights
    .default([1, 1, 1, 1, 1, 1])
    .describe('Loss weight of each stage'),
  proposal_feature_channel: ignoredOption('the heads say how many features they read', {
    schema: z.int().positive().default(256),
  }),
  bbox_roi_extractor: cascadeOptions.bbox_roi_extractor
    .default({
      type: 'SingleRoIExtractor',
      roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 2 },
      out_channels: 256,
      featmap_strides: [4, 8, 16, 32],
    })
    .describe('RoI pooling for the bbox_head; one config, or one per stage'),
  test_cfg: sparseTestCfg.nullish().describe('Selection of detections, passed down by the detector'),
});
export type SparseRoIHeadConfig = z.output<typeof options>;

const TEST_EXAMPLE = '{ max_per_img: 100 }';
const TRAIN_EXAMPLE =
  "[{ assigner: { type: 'HungarianAssigner', match_costs: [{ type: 'FocalLossCost', weight: 2 }] }, sampler: { type: 'PseudoSampler' } }]";

export class SparseRoIHead extends CascadeRoIHead {
  private readonly matching: { assigner: Assigner; sampler: Sampler; cfg: RCNNTrainCfg }[];

  constructor(
    private readonly options: SparseRoIHeadConfig,
    context: BuildContext,
  ) {
    super({ ...options, test_cfg: undefined } as CascadeRoIHeadConfig, context);
    const { registry, path } = context;
    for (const [i, { head }] of this.stages.entries())
      if (!(head instanceof DIIHead))
        throw new DetLabError(
          `Cannot build SparseRoIHead at ${path}: expected a DIIHead as bbox_head of stage ${i}, received ${head.constructor.name}`,
        );
    this.matching = (options.train_cfg ?? []).map((cfg, i) => {
      const at = (name: string) => ({ registry, path: `${path}.train_cfg.${i}.${name}` });
      const head = 'SparseRoIHead';
      const assigner = buildAssigner(cfg.assigner, at('assigner'), { head, predictions: ['logits', 'boxes'] });
      if (cfg.sampler.type !== 'PseudoSampler')
        throw new DetLabError(
          `Cannot build SparseRoIHead at ${path}: expected the sampler PseudoSampler at train_cfg.rcnn.${i}, since every ` +
            `proposal learns, received "${cfg.sampler.type}"`,
        );
      return { assigner, sampler: buildSampler(cfg.sampler, at('sampler'), { head, assigner }), cfg };
    });
  }

  protected override proposalSampler(): undefined {}

  private head(stage: number): DIIHead {
    return this.stages[stage].head as DIIHead;
  }

  /** What a stage predicts of the proposals that enter it, and their boxes, which learn. */
  private runStage(
    stage: number,
    { boxes, objects, learned }: StageInput,
    features: tf.Tensor4D[],
    { samples }: DetBatch,
  ): DecodedOutputs {
    if (!objects)
      throw new DetLabError(
        'Cannot run SparseRoIHead: its proposals carry no features. Use EmbeddingRPNHead as rpn_head, and no proposals of the data',
      );
    const head = this.head(stage);
    const rois = roisOf(boxes);
    const outputs = head.forward(this.stages[stage].pooler.forward(features, rois), objects);
    const deltas = outputs.deltas!.cast<tf.Tensor2D>('float32');
    const priors = learned ?? tf.tensor2d(takeRoiBoxes(rois), [rois.length / 5, 4]);
    if (!(head.coder.clips ?? true)) return { ...outputs, boxes: head.coder.decodeTensors(priors, deltas) };
    const count = rois.length / 5 / samples.length;
    const ofImage = (x: tf.Tensor2D, i: number) => tf.slice(x, [i * count, 0], [count, 4]);
    const decoded = samples.map(({ meta: { imgShape: maxShape } }, i) =>
      head.coder.decodeTensors(ofImage(priors, i), ofImage(deltas, i), { maxShape }),
    );
    return { ...outputs, boxes: tf.concat(decoded, 0) };
  }

  protected override stageLoss(index: number, input: StageInput, training: StageTraining): StageLoss {
    const { features, batch } = training;
    const outputs = this.runStage(index, input, features, batch);
    const values = outputs.boxes.dataSync<'float32'>();
    const boxes = batch.samples.map((_, i) => imageRows(values, i, batch.samples.length));
    const sampled = this.match(index, outputs, boxes, training);
    const head = this.head(index);
    const targets = bboxTargets(sampled, {
      coder: head.coder,
      decoded: head.decodedTargets,
      classes: head.numClasses,
      positiveWeight: this.matching[index].cfg.pos_weight,
    });
    const sizes = batch.samples.map(({ meta }) => meta.imgShape);
    const losses: Losses = head.matchedLosses(outputs, reorder(targets, inProposalOrder(sampled)), sizes);
    if (this.maskHeads.length > 0) losses.loss_mask = this.objectMaskLoss(index, outputs, sampled, training);
    return { losses, next: () => ({ boxes, objects: outputs.objects }) };
  }

  /** Ground truth matched with the predictions of a stage. */
  private match(
    stage: number,
    outputs: DecodedOutputs,
    boxes: readonly Float32Array[],
    { batch, instances, context }: StageTraining,
  ): SamplingResult[] {
    const { assigner, sampler } = requireCfg(this.matching[stage], 'SparseRoIHead', 'train_cfg', TRAIN_EXAMPLE);
    const logits = outputs.scores!.cast('float32').dataSync<'float32'>();
    return boxes.map((priors, image) => {
      const count = priors.length / 4;
      const ofImage = imageRows(logits, image, boxes.length);
      const predictions = { count, classes: ofImage.length / count, logits: ofImage, boxes: priors };
      const { imgShape } = batch.samples[image].meta;
      const input = { priors, levels: [count], instances: instances[image], predictions, imgShape, ...context };
      const assigned = assigner.assign(input);
      const source = `RoI head, stage ${stage + 1}`;
      context.watch?.assigned(queryAssignment(source, image, assigned.assigned, priors, instances[image]));
      return sampler.sample({ ...input, assigned });
    });
  }

  /** Masks are pooled from the boxes that the stage predicts. */
  private objectMaskLoss(
    stage: number,
    { attended }: DecodedOutputs,
    sampled: SamplingResult[],
    training: StageTraining,
  ): tf.Scalar {
    const targets = maskTargets(sampled, training, this.matching[stage].cfg);
    const rows = sampled.flatMap(({ positive, priors }, image) =>
      Array.from(positive, (i) => (image * priors.length) / 4 + i),
    );
    const predictor = this.objectMasks(stage, training.features, attended!, rows.length > 0 ? rows : [0]);
    return maskLoss(this.maskHeads[stage], predictor, targets);
  }

  /** The mask head of a stage on RoIs whose objects are rows of `attended`. */
  private objectMasks(
    stage: number,
    features: tf.Tensor4D[],
    attended: tf.Tensor3D,
    rows: readonly number[],
  ): MaskPredictor {
    const [head, pooler] = [this.maskHeads[stage], this.maskPoolers[stage]];
    const objects = tf.gather(attended.reshape<tf.Tensor2D>([-1, attended.shape[2]]), tf.tensor1d([...rows], 'int32'));
    return {
      order: (rois) => Int32Array.from({ length: rois.length / 5 }, (_, i) => i),
      logits: (rois, labels) => head.classLogits(pooler.forward(features, rois), labels, objects),
    };
  }

  /** All stages in prediction: what the last one says, and the RoIs of its masks. */
  private runStages(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch) {
    let input = stageInput(proposals);
    let outputs: DecodedOutputs | undefined;
    for (const stage of this.stages.keys()) {
      outputs = this.runStage(stage, input, features, batch);
      const values = outputs.boxes.dataSync<'float32'>();
      const boxes = proposals.map((_, i) => imageRows(values, i, proposals.length));
      input = { boxes, objects: outputs.objects };
    }
    return { ...outputs!, byImage: input.boxes };
  }

  override predict(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    { rescale = false } = {},
  ): Detections[] {
    const { max_per_img, mask_thr_binary } = this.selection;
    const { scores, attended, byImage } = this.runStages(features, proposals, batch);
    const logits = scores!.cast<tf.Tensor2D>('float32');
    const likely = this.head(0).usesSigmoid ? tf.sigmoid(logits) : tf.softmax(logits);
    reportScores(() => ({
      source: 'SparseRoIHead',
      count: byImage[0].length / 4,
      numClasses: this.numClasses,
      boxes: () => byImage[0],
      score: (query, label) => tf.slice(likely, [query, label], [1, 1]).asScalar(),
    }));
    const classes = tf.slice(likely, [0, 0], [-1, this.numClasses]).dataSync<'float32'>();
    const rows: number[] = [];
    const masked = this.maskHeads.length > 0;
    const detections = byImage.map((boxes, image): Detections => {
      const values = imageRows(classes, image, byImage.length);
      // NaN is among them where there are too few numbers
      const best = topIndices(values, Math.min(max_per_img, values.length)).filter((i) => !Number.isNaN(values[i]));
      const proposal = best.map((i) => Math.floor(i / this.numClasses));
      rows.push(...Array.from(proposal, (i) => (image * boxes.length) / 4 + i));
      return {
        bboxes: toFrame(takeBoxes(boxes, proposal), batch.samples[image].meta, rescale && !masked),
        scores: Float32Array.from(best, (i) => values[i]),
        labels: best.map((i) => i % this.numClasses),
      };
    });
    if (!masked) return detections;
    const last = this.stages.length - 1;
    const probabilities = (ofImages: readonly Float32Array[], labels: Int32Array) =>
      maskProbabilities(this.objectMasks(last, features, attended!, rows), ofImages, labels);
    return withMasks(detections, probabilities, batch, mask_thr_binary, rescale);
  }

  /** What it is made of and how `predict` selects, for programs that cannot call it. */
  get objectStages() {
    const last = this.stages.length - 1;
    const masks: MaskParts[] = this.maskHeads.slice(last).map((head) => ({
      poolers: [this.maskPoolers[last]],
      predict: ([pooled], labels, objects) => ({ logits: head.classLogits(pooled, labels, objects) }),
    }));
    return {
      stages: this.stages.map(({ pooler }, i) => ({ pooler, head: this.head(i) })),
      masks,
      sigmoid: this.head(0).usesSigmoid,
      limit: this.selection.max_per_img,
    };
  }

  private get selection(): SparseTestCfg {
    return requireCfg(this.options.test_cfg, 'SparseRoIHead', 'test_cfg', TEST_EXAMPLE);
  }

  /** Logits and deltas of the last stage, and the masks of the first hundred proposals. */
  override forward(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch): RoIOutputs {
    const { scores, deltas, attended, byImage } = this.runStages(features, proposals, batch);
    const last = this.stages.length - 1;
    const masks = () => {
      const rois = roisOf(byImage).slice(0, 500);
      const objects = tf.slice(attended!.reshape<tf.Tensor2D>([-1, attended!.shape[2]]), 0, rois.length / 5);
      return this.maskHeads[last].forward(this.maskPoolers[last].forward(features, rois), objects);
    };
    return {
      scores: scores!.cast('float32').dataSync<'float32'>(),
      deltas: deltas!.cast('float32').dataSync<'float32'>(),
      ...(this.maskHeads.length > 0 && { masks: [masks()] }),
    };
  }
}

/** RoIs without the numbers of their images. */
const takeRoiBoxes = (rois: Float32Array): Float32Array => rois.filter((_, k) => k % 5 !== 0);

/** Targets have the positives of an image before its negatives; predictions stay in the order of the proposals. */
function inProposalOrder(sampled: readonly SamplingResult[]): Int32Array {
  let first = 0;
  return Int32Array.from(
    sampled.flatMap(({ positive, negative }) => {
      const order = new Array<number>(positive.length + negative.length);
      for (const [row, proposal] of [...positive, ...negative].entries()) order[proposal] = first + row;
      first += order.length;
      return order;
    }),
  );
}

export const sparseRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'SparseRoIHead',
  summary: 'Second stage of Sparse R-CNN and QueryInst: stages that refine learned proposals, matched one to one',
  paper: 'Sun et al., Sparse R-CNN, CVPR 2021; Fang et al., Instances as Queries, ICCV 2021',
  shapes: 'feature levels [N, H, W, C] and proposals with features -> detections of each image',
  example: `{
  type: 'SparseRoIHead', num_stages: 2, stage_loss_weights: [1, 1],
  bbox_head: { type: 'DIIHead', loss_cls: { type: 'FocalLoss', loss_weight: 2 } },
}`,
  options,
  build: (given, context) => new SparseRoIHead(given, context),
});
