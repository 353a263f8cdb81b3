// RoITrackHead and QuasiDenseTrackHead: RoIs are pooled and made vectors of, by which objects are recognised in other frames. They differ
// in what RoIs of a key frame are compared with: the objects of the reference frame, or proposals in it. Unlike the reference, regions to
// ignore in a reference frame are its own, an identity 0 is one as any other, and RoIs of background that learn nothing are not pooled.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { takeBoxes } from '../../geometry/boxes';
import { applyInitCfg, initCfg, Module } from '../../nn';
import { requireCfg } from '../require-cfg';
import { rcnnTrainCfg } from '../roi-heads/proposal-sampler';
import { RoIPooler } from '../roi-heads/roi-pooler';
import { roisOf, takeRois, unpermute } from '../roi-heads/rois';
import { type Assigner, buildAssigner, buildSampler, type Instances, type Sampler, toInstances } from '../task-modules';
import type { DetBatch, LossContext, Losses, Proposals } from '../types';
import type { EmbeddedPair, EmbedHead } from './embed-head';

/** Frames as a track head learns from them. */
export interface LearnedFrames {
  features: tf.Tensor4D[];
  batch: DetBatch;
  /** Of the key frames, and of reference frames for a head that reads proposals in them. */
  proposals?: Proposals[];
}

const options = z.strictObject({
  roi_extractor: moduleOption('roi_extractor').describe('RoI pooling'),
  embed_head: moduleOption('embed_head').describe('Makes vectors of pooled RoIs, and their losses'),
  regress_head: z.null().optional().describe('Only null'),
  loss_bbox: ignoredOption('boxes are refined by the detector alone', { schema: moduleOption('loss').nullish() }),
  train_cfg: rcnnTrainCfg.nullish().describe('Assignment and sampling of proposals'),
  test_cfg: z.null().optional().describe('Only null'),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
});
type Config = z.output<typeof options>;

/** What of one frame is made vectors of: boxes, and the ground truth of each, -1 of background. */
interface Regions {
  boxes: Float32Array;
  truths: Int32Array;
}

export class TrackHead extends Module {
  private readonly pooler: RoIPooler;
  private readonly embedHead: EmbedHead;
  private readonly sampling?: { assigner: Assigner; sampler: Sampler };

  /** @param readsProposals whether RoIs of key frames are compared with proposals in reference frames */
  constructor(
    private readonly type: string,
    readonly readsProposals: boolean,
    config: Config,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const extractor = registry.build('roi_extractor', config.roi_extractor, { path: `${path}.roi_extractor`, inputs });
    if (extractor instanceof Module) this.addChild('roi_extractor', extractor);
    this.pooler = new RoIPooler(extractor);
    this.embedHead = this.addChild(
      'embed_head',
      registry.build('embed_head', config.embed_head, { path: `${path}.embed_head`, inputs: [this.pooler.output] }),
    );
    const { train_cfg: cfg } = config;
    if (cfg) {
      const at = (name: string) => ({ registry, path: `${path}.train_cfg.${name}` });
      const assigner = buildAssigner(cfg.assigner, at('assigner'), { head: type, priors: 'boxes' });
      this.sampling = { assigner, sampler: buildSampler(cfg.sampler, at('sampler'), { head: type, assigner }) };
    }
    applyInitCfg(this, config.init_cfg);
  }

  /** The vectors [K, C] of boxes, flat xyxy by image, in pixels of the network's input. */
  embed(features: tf.Tensor4D[], boxes: readonly Float32Array[]): { values: Float32Array; size: number } {
    const rois = roisOf(boxes);
    if (rois.length === 0) return { values: new Float32Array(0), size: 0 };
    const order = this.pooler.order(rois);
    const sorted = takeRois(rois, order);
    const vectors = this.embedHead.forward(this.pooler.forward(features, sorted));
    return { values: unpermute(vectors.dataSync<'float32'>(), order), size: vectors.shape[1] };
  }

  loss(key: LearnedFrames, reference: LearnedFrames, context: LossContext): Losses {
    const truths = (frames: LearnedFrames) =>
      frames.batch.samples.map((one) => toInstances(one.truths, one.meta.imgPath));
    const [ofKey, ofReference] = [truths(key), truths(reference)];
    const own = ofKey.map((objects, i) => this.sampled(key, objects, i, context, false));
    const others = ofReference.map((objects, i) =>
      this.readsProposals
        ? this.sampled(reference, objects, i, context, true)
        : { boxes: objects.bboxes, truths: Int32Array.from(objects.labels.keys()) },
    );
    const vectors = [this.vectors(key.features, own), this.vectors(reference.features, others)];
    const pairs = own.map(({ truths }, i): EmbeddedPair => {
      const places = new Map(
        Array.from(ofReference[i].instanceIds ?? [], (id, at) => [id, at]).reverse() as [number, number][],
      );
      const ids = ofKey[i].instanceIds;
      return {
        key: vectors[0][i],
        reference: vectors[1][i],
        keyTruths: truths.map((truth) => places.get(ids?.[truth] ?? -1) ?? -1),
        referenceTruths: others[i].truths,
      };
    });
    return this.embedHead.loss(pairs);
  }

  /** RoIs of one frame: its positives, and with `all` the negatives after them. */
  private sampled(
    { batch, proposals }: LearnedFrames,
    instances: Instances,
    image: number,
    { random, epoch }: LossContext,
    all: boolean,
  ): Regions {
    const { assigner, sampler } = requireCfg(this.sampling, this.type, 'train_cfg', TRAIN_EXAMPLE);
    const { imgShape } = batch.samples[image].meta;
    const { bboxes: given } = proposals![image];
    const input = { priors: given, levels: [given.length / 4], instances, imgShape, random, epoch };
    const drawn = sampler.sample({ ...input, assigned: assigner.assign(input) });
    const { priors, positive, negative, positiveTruth } = drawn;
    const indices = all ? Int32Array.from([...positive, ...negative]) : positive;
    const truths = new Int32Array(indices.length).fill(-1);
    truths.set(positiveTruth);
    return { boxes: takeBoxes(priors, indices), truths };
  }

  /** By image. */
  private vectors(features: tf.Tensor4D[], regions: readonly Regions[]): tf.Tensor2D[] {
    const boxes = regions.map((one) => one.boxes);
    const rois = roisOf(boxes);
    // gradients exist also where there is nothing to pool
    const pooled = this.pooler.forward(features, rois.length > 0 ? rois : new Float32Array([0, 0, 0, 1, 1]));
    const all = this.embedHead.forward(pooled);
    let start = 0;
    return boxes.map((ofImage) => {
      const count = ofImage.length / 4;
      return tf.slice(all, [(start += count) - count, 0], [count, all.shape[1]]);
    });
  }
}

const TRAIN_EXAMPLE =
  "{ assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5 }, sampler: { type: 'RandomSampler', num: 128, pos_fraction: 0.25 } }";

declare module '../../catalogue/registry' {
  interface Built {
    /** Detectors ask for more. */
    track_head: Module;
  }
}

const define = <Type extends string>(
  type: Type,
  readsProposals: boolean,
  embed: string,
  summary: string,
  paper: string,
) =>
  defineModule({
    kind: 'track_head',
    type,
    summary,
    paper,
    shapes: 'feature levels [N, H, W, C] and boxes -> a vector of each',
    example: `{
  type: '${type}',
  roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 } },
  embed_head: ${embed},
}`,
    options,
    build: (given: Config, context: BuildContext) => new TrackHead(type, readsProposals, given, context),
  });

export const roiTrackHeadDefinition = define(
  'RoITrackHead',
  false,
  "{ type: 'RoIEmbedHead', num_fcs: 2 }",
  'Recognises objects in other frames, learned from RoIs of one and objects of the other',
  'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
);

export const quasiDenseTrackHeadDefinition = define(
  'QuasiDenseTrackHead',
  true,
  "{ type: 'QuasiDenseEmbedHead', num_convs: 4, num_fcs: 1, norm_cfg: { type: 'GN', num_groups: 32 } }",
  'Recognises objects in other frames, learned from RoIs of both',
  'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
);
