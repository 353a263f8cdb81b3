// PointRendRoIHead: the second stage of PointRend (Kirillov et al., CVPR 2020). A coarse mask is enlarged step by step, and its most
// uncertain points predicted anew from fine features.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { decodeRle, type InstanceMasks, sampleMask, toRles } from '../../masks';
import { interpolate } from '../../ops';
import { meanOverRanks } from '../../ops/over-ranks';
import { pointSample } from '../../ops/point-sample';
import { topIndices } from '../../ops/top-indices';
import { joinArrays } from '../join-arrays';
import { uncertainPoints } from '../layers/uncertain-points';
import { zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { Losses } from '../types';
import type { StageResult } from './bbox-stage';
import { compareMasks, type MaskProbabilities, maskTargets } from './mask-branch';
import { ofClasses } from './mask-heads/coarse-mask-head';
import type { MaskPointHead } from './point-heads/mask-point-head';
import { sampleInRois } from './point-samples';
import { rcnnTrainCfg, relativesTrainCfg } from './proposal-sampler';
import { rcnnTestCfg, relativesTestCfg } from './roi-detections';
import type { MaskParts } from './roi-head-parts';
import { roisOf } from './rois';
import { StandardRoIHead, standardOptions } from './standard-roi-head';
import type { MaskHead, StageTraining } from './types';

const { num_points, oversample_ratio, importance_sample_ratio } = relativesTrainCfg;
const options = z.strictObject({
  ...standardOptions,
  mask_roi_extractor: moduleOption('roi_extractor').describe('RoI pooling for the mask_head; points read its levels'),
  mask_head: moduleOption('mask_head').describe('Predicts coarse masks'),
  point_head: moduleOption('point_head').describe('Predicts points of the masks'),
  train_cfg: rcnnTrainCfg
    .extend({ num_points, oversample_ratio, importance_sample_ratio })
    .nullish()
    .describe('Training settings, passed down by the detector'),
  test_cfg: rcnnTestCfg
    .extend(relativesTestCfg)
    .nullish()
    .describe('Post-processing (score threshold, NMS, refinement of masks), passed down by the detector'),
});
type Options = z.output<typeof options>;

export class PointRendRoIHead extends StandardRoIHead<Options> {
  private readonly pointHead: MaskPointHead;
  /** Strides of the levels that points read. */
  private readonly strides: readonly number[];

  constructor(config: Options, context: BuildContext) {
    super(config, context);
    const { registry, path, inputs = [], numClasses } = context;
    const { pooling, numInputs } = this.maskPooler!.extractor;
    if (!pooling)
      throw new DetLabError(
        `Cannot build PointRendRoIHead at ${path}: expected a mask_roi_extractor that says which levels it reads, received ` +
          `"${config.mask_roi_extractor.type}". Use GenericRoIExtractor`,
      );
    this.strides = pooling.strides;
    const channels = inputs.slice(0, numInputs).reduce((sum, level) => sum + level.channels, 0);
    const place = { path: `${path}.point_head`, inputs: [{ channels, stride: 1 }], numClasses };
    this.pointHead = this.addChild('point_head', registry.build('point_head', config.point_head, place));
  }

  /** `loss_mask`, `loss_point`. */
  protected override maskLoss(head: MaskHead, result: StageResult, training: StageTraining): Losses {
    const { features, context, batch } = training;
    const cfg = requireCfg(this.config.train_cfg, 'PointRendRoIHead', 'train_cfg');
    const targets = maskTargets(result.sampled, training, cfg);
    const { rois, labels } = targets;
    const share = labels.length / meanOverRanks(labels.length, 1);
    if (labels.length === 0) {
      const none = Float32Array.of(0, 0, 0, 1, 1);
      const coarse = head.forward(this.maskPooler!.forward(features, none));
      const points = this.pointLogits(features, none, Float32Array.of(0.5, 0.5), coarse, Int32Array.of(0));
      return { loss_mask: zeroLoss(coarse), loss_point: zeroLoss(points) };
    }
    const coarse = head.forward(this.maskPooler!.forward(features, rois)); // [K, H, W, classes]
    const points = uncertainPoints(labels.length, cfg, context.random, (candidates) => {
      const at = tf.tensor3d(candidates, [labels.length, candidates.length / 2 / labels.length, 2]);
      return ofClasses(pointSample(coarse, at), labels).dataSync<'float32'>();
    });
    const logits = this.pointLogits(features, rois, points, coarse, labels);
    const size = batch.maskShape ?? batch.batchShape;
    const truth = joinArrays(
      result.sampled.map(({ priors, positive, positiveTruth }, i) => {
        const before = result.sampled.slice(0, i).reduce((sum, s) => sum + s.positive.length, 0);
        const ofImage = points.subarray(2 * cfg.num_points * before, 2 * cfg.num_points * (before + positive.length));
        return maskAtPoints(training.instances[i].masks!, takeBoxes(priors, positive), positiveTruth, ofImage, size);
      }),
    );
    return {
      loss_mask: tf.mul<tf.Scalar>(compareMasks(head, ofClasses(coarse, labels), targets), share),
      loss_point: tf.mul<tf.Scalar>(
        this.pointHead.loss(logits, tf.tensor2d(truth, [labels.length, cfg.num_points])),
        share,
      ),
    };
  }

  /** Logits [K, P] of the classes `labels` at points of RoIs. */
  private pointLogits(
    features: tf.Tensor4D[],
    rois: Float32Array,
    points: Float32Array,
    coarse: tf.Tensor4D,
    labels: Int32Array,
  ): tf.Tensor2D {
    const fine = this.strides.map((stride, i) => sampleInRois(features[i], rois, points, 1 / stride));
    const count = rois.length / 5;
    const at = tf.tensor3d(points, [count, points.length / 2 / count, 2]);
    return this.logitsAt(fine, coarse, at, labels);
  }

  /** The same from samples of each level [K, P, C], at points [K, P, 2]. */
  private logitsAt(
    fine: tf.Tensor3D[],
    coarse: tf.Tensor4D,
    points: tf.Tensor3D,
    labels: Int32Array | tf.Tensor1D,
  ): tf.Tensor2D {
    const joined = fine.length === 1 ? fine[0] : tf.concat(fine, 2);
    return this.pointHead.forward(joined as tf.Tensor3D, pointSample(coarse, points), labels);
  }

  protected override predictMasks(
    head: MaskHead,
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    const { steps, scale, count: most } = this.refinement;
    const rois = roisOf(boxes);
    const coarse = head.forward(this.maskPooler!.forward(features, rois));
    let masks = ofClasses<tf.Tensor3D>(coarse, labels); // [K, H, W]
    for (let step = 0; step < steps; step++) {
      masks = interpolate(masks.expandDims<tf.Tensor4D>(3), { scaleFactor: scale, mode: 'bilinear' }).squeeze([3]);
      const [count, height, width] = masks.shape;
      if (most >= scale ** 2 * height * width && step < steps - 1) continue;
      const values = masks.dataSync<'float32'>().slice();
      const area = height * width;
      const number = Math.min(area, most);
      const chosen = new Int32Array(count * number);
      const points = new Float32Array(2 * count * number);
      for (let k = 0; k < count; k++) {
        const uncertain = values.subarray(k * area, (k + 1) * area).map((v) => -Math.abs(v));
        for (const [p, pixel] of topIndices(uncertain, number).entries()) {
          const at = k * number + p;
          chosen[at] = k * area + pixel;
          points[2 * at] = 0.5 / width + (pixel % width) / width;
          points[2 * at + 1] = 0.5 / height + Math.floor(pixel / width) / height;
        }
      }
      const anew = this.pointLogits(features, rois, points, coarse, labels).dataSync<'float32'>();
      chosen.forEach((at, i) => {
        values[at] = anew[i];
      });
      masks = tf.tensor3d(values, [count, height, width]);
    }
    const [, height, width] = masks.shape;
    return { values: tf.sigmoid(masks).dataSync<'float32'>(), size: [height, width] };
  }

  /** How masks are refined. */
  private get refinement() {
    const cfg = requireCfg(this.config.test_cfg, 'PointRendRoIHead', 'test_cfg');
    return { steps: cfg.subdivision_steps, scale: cfg.scale_factor, count: cfg.subdivision_num_points };
  }

  protected override maskParts(head: MaskHead): MaskParts {
    const { poolers } = super.maskParts(head);
    return {
      poolers,
      predict: ([pooled], labels) => {
        const coarse = head.forward(pooled);
        return { logits: ofClasses(coarse, labels), coarse };
      },
      points: {
        ...this.refinement,
        strides: this.strides,
        predict: (fine, coarse, points, labels) => this.logitsAt(fine, coarse, points, labels),
      },
    };
  }
}

/** The masks of the objects of boxes at points of the boxes, bilinearly, zero outside of the image. */
function maskAtPoints(
  masks: InstanceMasks,
  boxes: Float32Array,
  objects: Int32Array,
  points: Float32Array,
  size: readonly [number, number],
): Float32Array {
  const rles = toRles(masks);
  const pixels = new Map<number, Uint8Array>();
  const count = objects.length;
  const perBox = points.length / 2 / Math.max(count, 1);
  const out = new Float32Array(count * perBox);
  for (let i = 0; i < count; i++) {
    const object = objects[i];
    const rle = rles[object];
    if (!pixels.has(object)) pixels.set(object, decodeRle(rle));
    const mask = pixels.get(object)!;
    const bitmap = { data: mask, width: rle.width, height: rle.height };
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    for (let p = 0; p < perBox; p++) {
      const x = points[2 * (i * perBox + p)] * (x2 - x1) + x1 - 0.5;
      const y = points[2 * (i * perBox + p) + 1] * (y2 - y1) + y1 - 0.5;
      out[i * perBox + p] = sampleMask(bitmap, x, y, size);
    }
  }
  return out;
}

export const pointRendRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'PointRendRoIHead',
  summary: 'Second stage of PointRend: coarse masks whose uncertain points are predicted anew',
  paper: 'Kirillov et al., PointRend: Image Segmentation as Rendering, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'PointRendRoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead' },
  mask_roi_extractor: {
    type: 'GenericRoIExtractor', aggregation: 'concat', featmap_strides: [4],
    roi_layer: { type: 'SimpleRoIAlign', output_size: 14 },
  },
  mask_head: { type: 'CoarseMaskHead' },
  point_head: { type: 'MaskPointHead' },
}`,
  options,
  build: (given, context) => new PointRendRoIHead(given, context),
});
