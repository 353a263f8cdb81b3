// MultiInstanceRoIHead: two objects of each proposal, which set NMS does not let suppress each other (Chu et al., Detection in Crowded
// Scenes, CVPR 2020). With more detections than `max_per_img` the best are kept, where MMDetection keeps those of the first proposals.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { scaleBoxes, takeBoxes } from '../../geometry/boxes';
import { Module } from '../../nn';
import { joinArrays } from '../join-arrays';
import { requireCfg } from '../require-cfg';
import { type SamplingResult, toInstances } from '../task-modules';
import type { DetBatch, LossContext, Losses, Proposals, RoIHead, RoIOutputs } from '../types';
import { MultiInstanceBBoxHead, type MultiInstanceTargets } from './bbox-heads/multi-instance-bbox-head';
import { roiAssignment } from './bbox-stage';
import { ProposalSampler, partsInitCfg, rcnnTrainCfg } from './proposal-sampler';
import { RCNN_TEST_EXAMPLE, rcnnTestCfg } from './roi-detections';
import type { RoIHeadParts } from './roi-head-parts';
import { RoIPooler } from './roi-pooler';
import { roisOf, takeRois, unpermute } from './rois';
import { setNms } from './set-nms';

const options = z.strictObject({
  num_instance: z.literal(2).default(2).describe('Objects of each proposal; only 2'),
  bbox_roi_extractor: moduleOption('roi_extractor').describe('RoI pooling for the bbox_head'),
  bbox_head: moduleOption('bbox_head').describe('MultiInstanceBBoxHead'),
  train_cfg: rcnnTrainCfg.nullish().describe('Training settings, passed down by the detector'),
  test_cfg: rcnnTestCfg.nullish().describe('Post-processing (score threshold, set NMS), passed down by the detector'),
  init_cfg: partsInitCfg,
});
type Options = z.output<typeof options>;

/** RoIs pooled at a time during prediction. */
const ROI_CHUNK = 512;

export class MultiInstanceRoIHead extends Module implements RoIHead {
  readonly numClasses = 1;
  private readonly pooler: RoIPooler;
  private readonly head: MultiInstanceBBoxHead;
  private readonly sampler?: ProposalSampler;

  constructor(
    private readonly config: Options,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const at = (name: string) => ({ registry, path: `${path}.${name}` });
    const extractor = registry.build('roi_extractor', config.bbox_roi_extractor, {
      ...at('bbox_roi_extractor'),
      inputs,
    });
    if (extractor instanceof Module) this.addChild('bbox_roi_extractor', extractor);
    this.pooler = new RoIPooler(extractor);
    const head = registry.build('bbox_head', config.bbox_head, { ...at('bbox_head'), inputs: [this.pooler.output] });
    if (!(head instanceof MultiInstanceBBoxHead))
      throw new DetLabError(
        `Cannot build MultiInstanceRoIHead at ${path}: expected MultiInstanceBBoxHead as bbox_head, received ${config.bbox_head.type}`,
      );
    this.head = this.addChild('bbox_head', head);
    if (config.train_cfg)
      this.sampler = new ProposalSampler(config.train_cfg, at('train_cfg'), 'MultiInstanceRoIHead', true);
  }

  /** `loss_rcnn_emd`, and `loss_rcnn_emd_ref` of refined predictions. */
  loss(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, context: LossContext): Losses {
    const sampler = requireCfg(this.sampler, 'MultiInstanceRoIHead', 'train_cfg');
    const instances = batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath));
    const { random, epoch } = context;
    const sampled = proposals.map(({ bboxes }, image) => {
      const { imgShape } = batch.samples[image].meta;
      const input = { priors: bboxes, instances: instances[image], imgShape, random, epoch };
      const result = sampler.sample(input, {
        perSampleLoss: () => this.head.loss(),
        predictSamples: () => this.head.loss(),
      });
      context.watch?.assigned(roiAssignment({ features, batch, instances, context }, image, result));
      return result;
    });
    const rois = roisOf(sampled.map(({ priors, positive, negative }) => takeBoxes(priors, [...positive, ...negative])));
    if (rois.length === 0) {
      const outputs = this.head.forward(this.pooler.forward(features, Float32Array.of(0, 0, 0, 1, 1)));
      return this.head.setLosses(outputs, { boxes: new Float32Array(0), labels: new Int32Array(0) });
    }
    const order = this.pooler.order(rois);
    const outputs = this.head.forward(this.pooler.forward(features, takeRois(rois, order)));
    return this.head.setLosses(outputs, this.targets(sampled, order));
  }

  /** Of the sampled RoIs in this order. */
  private targets(sampled: readonly SamplingResult[], order: Int32Array): MultiInstanceTargets {
    const { several: count, coder } = this.head;
    const twice = (n: number) => Array.from({ length: count }, () => n);
    const boxes = joinArrays(
      sampled.map(({ priors, positive, negative, several }) =>
        coder.encode(takeBoxes(priors, [...positive, ...negative].flatMap(twice)), several!.boxes),
      ),
    );
    const labels = sampled.flatMap(({ several }) => [...several!.labels]);
    const slots = Array.from(order).flatMap((row) => Array.from({ length: count }, (_, s) => row * count + s));
    return { boxes: takeBoxes(boxes, slots), labels: Int32Array.from(slots, (slot) => labels[slot]) };
  }

  /** Scores and deltas of both objects of all proposals, in their order. */
  forward(features: tf.Tensor4D[], proposals: Proposals[]): RoIOutputs & { deltas: Float32Array } {
    const rois = roisOf(proposals.map(({ bboxes }) => bboxes));
    if (rois.length === 0) return { scores: new Float32Array(0), deltas: new Float32Array(0) };
    const order = this.pooler.order(rois);
    const sorted = takeRois(rois, order);
    const chunks: Record<'scores' | 'deltas', Float32Array[]> = { scores: [], deltas: [] };
    for (let at = 0; at < sorted.length; at += 5 * ROI_CHUNK)
      tf.tidy(() => {
        const outputs = this.head.forward(this.pooler.forward(features, sorted.subarray(at, at + 5 * ROI_CHUNK)));
        const { scores, deltas } = outputs.refined ?? outputs;
        const likely = tf.softmax(scores!.cast('float32').reshape([-1, 2])).slice([0, 1], [-1, 1]);
        chunks.scores.push(likely.reshape([-1]).dataSync<'float32'>() as Float32Array);
        chunks.deltas.push(deltas!.cast('float32').dataSync<'float32'>() as Float32Array);
      });
    return {
      scores: unpermute(joinArrays(chunks.scores), order),
      deltas: unpermute(joinArrays(chunks.deltas), order),
    };
  }

  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, 'MultiInstanceRoIHead', 'test_cfg', RCNN_TEST_EXAMPLE);
    const { scores, deltas } = this.forward(features, proposals);
    const { several: count, coder } = this.head;
    const width = count * coder.encodeSize;
    let start = 0;
    return proposals.map(({ bboxes }, i) => {
      const { imgShape, scaleFactor } = batch.samples[i].meta;
      const n = bboxes.length / 4;
      const sets = Int32Array.from({ length: n * count }, (_, k) => Math.floor(k / count));
      const codes = deltas.subarray(start * width, (start + n) * width);
      const decoded = coder.decode(takeBoxes(bboxes, sets), codes, { maxShape: imgShape });
      const boxes = rescale ? scaleBoxes(decoded, [1 / scaleFactor[0], 1 / scaleFactor[1]]) : decoded;
      const likely = scores.subarray(start * count, (start + n) * count);
      start += n;
      const threshold = Math.fround(cfg.score_thr);
      const above = Int32Array.from(likely.keys()).filter((k) => likely[k] > threshold);
      const at = (values: ArrayLike<number>) => above.map((k) => values[k]);
      const ofAbove = Float32Array.from(above, (k) => likely[k]);
      const kept = setNms(takeBoxes(boxes, above), ofAbove, at(sets), Number(cfg.nms.iou_threshold ?? 0.5));
      const best = kept.subarray(0, cfg.max_per_img >= 0 ? cfg.max_per_img : kept.length);
      return {
        bboxes: takeBoxes(
          boxes,
          best.map((k) => above[k]),
        ),
        scores: Float32Array.from(best, (k) => ofAbove[k]),
        labels: new Int32Array(best.length),
      };
    });
  }

  get parts(): RoIHeadParts {
    const cfg = requireCfg(this.config.test_cfg, 'MultiInstanceRoIHead', 'test_cfg', RCNN_TEST_EXAMPLE);
    return { stages: [{ pooler: this.pooler, head: this.head }], masks: [], cfg };
  }
}

export const multiInstanceRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'MultiInstanceRoIHead',
  summary: 'Second stage of CrowdDet: two objects of each proposal',
  paper: 'Chu et al., Detection in Crowded Scenes: One Proposal, Multiple Predictions, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example:
    "{ type: 'MultiInstanceRoIHead', bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } }, bbox_head: { type: 'MultiInstanceBBoxHead' } }",
  options,
  build: (given, context) => new MultiInstanceRoIHead(given, context),
});
