// StandardRoIHead: the second stage. Proposals are sampled, pooled, classified and refined, once.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { initCfg, Module } from '../../nn';
import type { Random } from '../../random';
import { type BuildContext, defineModule, moduleOption } from '../../registry';
import type { Proposals } from '../dense-heads/proposals';
import { type Assigner, type Sampler, toInstances } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import type { BBoxHead, BBoxOutputs } from './bbox-heads/bbox-head';
import { type BBoxTargets, bboxTargets, reorder } from './bbox-heads/bbox-targets';
import { type RegionTestCfg, regionDetections, regionTestCfg } from './region-detections';
import type { RoIExtractor } from './roi-extractors/single-roi-extractor';

/** `train_cfg.rcnn`. */
export const regionTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Which proposal learns which truth'),
  sampler: moduleOption('sampler').describe('Which proposals take part'),
  pos_weight: z.number().default(-1).describe('Weight of positives in the classification loss; 1 unless above 0'),
  debug: z.boolean().default(false).describe("Accepted for MMDetection's sake, without effect"),
});
export type RegionTrainCfg = z.output<typeof regionTrainCfg>;

const notOffered = (what: string) => z.null({ error: `${what} is not offered: leave it out or null` }).optional();

const options = z.strictObject({
  bbox_roi_extractor: moduleOption('roi_extractor').describe('Pools the regions'),
  bbox_head: moduleOption('bbox_head').describe('Classifies and refines them'),
  mask_roi_extractor: notOffered('mask_roi_extractor').describe('Masks: must be null'),
  mask_head: notOffered('mask_head').describe('Masks: must be null'),
  shared_head: notOffered('shared_head').describe('Backbone stage behind the pooling: must be null'),
  train_cfg: regionTrainCfg.nullish().describe('How it learns; set by the detector'),
  test_cfg: regionTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg.nullish().describe('Nothing to initialise beside the parts'),
});
type Options = z.output<typeof options>;

export class StandardRoIHead extends Module {
  readonly extractor: RoIExtractor;
  readonly bboxHead: BBoxHead;
  private readonly learning?: { cfg: RegionTrainCfg; assigner: Assigner; sampler: Sampler };
  private readonly testCfg: RegionTestCfg | null | undefined;

  constructor(config: Options, { registry, path, inputs, numClasses }: BuildContext) {
    super();
    const { train_cfg: cfg } = config;
    this.extractor = registry.build('roi_extractor', config.bbox_roi_extractor, {
      path: `${path}.bbox_roi_extractor`,
      inputs,
    });
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build<BBoxHead>('bbox_head', config.bbox_head, {
        path: `${path}.bbox_head`,
        inputs: [this.extractor.output],
        numClasses,
      }),
    );
    this.testCfg = config.test_cfg;
    if (cfg)
      this.learning = {
        cfg,
        assigner: registry.build('assigner', cfg.assigner, { path: `${path}.train_cfg.assigner` }),
        sampler: registry.build('sampler', cfg.sampler, { path: `${path}.train_cfg.sampler` }),
      };
  }

  private forward(features: tf.Tensor4D[], rois: Float32Array): BBoxOutputs {
    return this.bboxHead.forward(this.extractor.forward(features.slice(0, this.extractor.numInputs), rois));
  }

  /** Losses of a batch; `proposals` by image, in pixels of the network's input. */
  loss(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, random: Random): Losses {
    const targets = this.targets(proposals, batch, random);
    if (targets.labels.length > 0) {
      const sorted = reorder(targets, this.extractor.order(targets.rois));
      return this.bboxHead.loss(this.forward(features, sorted.rois), sorted);
    }
    // neither proposals nor truths in the whole batch: zero losses, through a made-up region so that gradients exist
    const idle = { ...targets, rois: new Float32Array([0, 0, 0, 1, 1]), labels: new Int32Array(1) };
    const found = this.bboxHead.loss(this.forward(features, idle.rois), idle);
    return Object.fromEntries(
      Object.entries(found).map(([name, value]) => [name, tf.mul<tf.Scalar>(value as tf.Scalar, 0)]),
    );
  }

  private targets(proposals: Proposals[], batch: DetBatch, random: Random): BBoxTargets {
    const { learning, bboxHead } = this;
    if (!learning)
      throw new DetLabError(
        'Cannot compute the losses of StandardRoIHead: it was built without train_cfg. Give train_cfg with an assigner and a sampler',
      );
    const sampled = proposals.map(({ bboxes }, i) => {
      const instances = toInstances(batch.samples[i].truths);
      return learning.sampler.sample(learning.assigner.assign(bboxes, instances, random), bboxes, instances, random);
    });
    return bboxTargets(sampled, {
      coder: bboxHead.coder,
      decoded: bboxHead.config.reg_decoded_bbox,
      classes: bboxHead.numClasses,
      positiveWeight: learning.cfg.pos_weight,
    });
  }

  /** Detections by image, best first; in pixels of the original image with `rescale`. */
  predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const cfg = this.testCfg;
    if (!cfg)
      throw new DetLabError(
        'Cannot predict with StandardRoIHead: it was built without test_cfg. Give test_cfg, for example ' +
          "{ score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }",
      );
    const counts = proposals.map(({ scores }) => scores.length);
    const total = counts.reduce((a, b) => a + b, 0);
    const regions = this.classify(features, proposals, total);
    const classes = this.bboxHead.numClasses;
    let start = 0;
    return proposals.map(({ bboxes }, i) => {
      const own = (values: Float32Array) => {
        const columns = values.length / total;
        return values.subarray(start * columns, (start + counts[i]) * columns);
      };
      const scores = total > 0 ? own(regions.scores) : regions.scores;
      const deltas = total > 0 && regions.deltas ? own(regions.deltas) : undefined;
      start += counts[i];
      return regionDetections(
        { boxes: bboxes, scores, deltas },
        this.bboxHead.coder,
        classes,
        batch.samples[i].meta,
        cfg,
        rescale,
      );
    });
  }

  /** Probabilities and deltas of all proposals of the batch, in their order. */
  private classify(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    total: number,
  ): { scores: Float32Array; deltas?: Float32Array } {
    if (total === 0) return { scores: new Float32Array(0) };
    const rois = new Float32Array(5 * total);
    let at = 0;
    for (const [image, { bboxes }] of proposals.entries())
      for (let k = 0; k < bboxes.length; k += 4, at += 5) rois.set([image, ...bboxes.subarray(k, k + 4)], at);
    const order = this.extractor.order(rois);
    const sorted = new Float32Array(rois.length);
    order.forEach((from, to) => {
      sorted.set(rois.subarray(5 * from, 5 * from + 5), 5 * to);
    });
    const { scores, deltas } = this.forward(features, sorted);
    if (!scores) throw new DetLabError('Cannot predict: the bbox_head has with_cls false, so regions have no scores');
    const inOrder = (x: tf.Tensor2D): Float32Array => {
      const values = x.dataSync<'float32'>();
      const columns = x.shape[1];
      const out = new Float32Array(values.length);
      order.forEach((to, from) => {
        out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
      });
      return out;
    };
    return {
      scores: inOrder(tf.softmax(scores.cast<tf.Tensor2D>('float32'))),
      deltas: deltas && inOrder(deltas.cast<tf.Tensor2D>('float32')),
    };
  }
}

export const standardRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'StandardRoIHead',
  summary: 'Second stage: pools proposals, classifies them and refines their boxes',
  paper: 'Girshick, Fast R-CNN, ICCV 2015',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example:
    "{ type: 'StandardRoIHead', bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } }, bbox_head: { type: 'Shared2FCBBoxHead' } }",
  options,
  build: (given, context) => new StandardRoIHead(given, context),
});
