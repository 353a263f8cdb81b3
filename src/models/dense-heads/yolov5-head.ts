// YOLOv5Head: three anchors per cell with box, objectness and classes (Jocher et al., YOLOv5, 2020; MMYOLO). Ground truth is
// given to anchors of its shape, near its center, on every level; the objectness learns the IoU. Losses are means over a
// level, multiplied by the number of images. N images, A anchors per cell, C classes, P matched anchors of a level.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { bboxOverlaps } from '../../geometry/boxes';
import { meanOverRanks, sumOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import { YOLOIoULoss } from '../losses/yolo-iou-loss';
import { buildBBoxCoder, buildPriorGenerator, type Instances, type Size } from '../task-modules';
import { type LevelMatches, matchByShape } from '../task-modules/assigners/match-by-shape';
import type { DetBatch, LossContext, Losses } from '../types';
import { cellPriors } from './cell-priors';
import { yoloTestCfg } from './decode-yolo-detections';
import { DecodedYOLOHead } from './decoded-yolo-head';
import type { CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { buildHeadModule, type HeadModule, headModuleOption } from './head-module';
import {
  anchorCoderOption,
  initOption,
  lossBboxOption,
  lossClsOption,
  testCfgText,
  trainCfgText,
} from './head-options';
import { reportMatches } from './report-matches';

const entropy = (weight: number) => ({
  ...{ type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'mean', loss_weight: weight },
});
export const yolov5HeadOptions = {
  head_module: headModuleOption,
  prior_generator: moduleOption('anchor_generator')
    .default({
      type: 'YOLOAnchorGenerator',
      base_sizes: [
        [
          [10, 13],
          [16, 30],
          [33, 23],
        ],
        [
          [30, 61],
          [62, 45],
          [59, 119],
        ],
        [
          [116, 90],
          [156, 198],
          [373, 326],
        ],
      ],
      strides: [8, 16, 32],
    })
    .describe('Generates the anchors'),
  bbox_coder: anchorCoderOption({ type: 'YOLOv5BBoxCoder' }),
  loss_cls: lossClsOption(entropy(0.5)),
  loss_bbox: lossBboxOption({
    ...{ type: 'IoULoss', iou_mode: 'ciou', bbox_format: 'xywh', eps: 1e-7, reduction: 'mean' },
    ...{ loss_weight: 0.05, return_iou: true },
  }),
  loss_obj: moduleOption('loss').default(entropy(1)).describe('Objectness loss'),
  prior_match_thr: z.number().positive().default(4).describe('Largest factor between the sides of box and anchor'),
  near_neighbor_thr: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Distance of the center, in cells, at which a neighbour cell is given the box too'),
  ignore_iof_thr: z
    .number()
    .default(-1)
    .describe('Anchors that are covered by more than this share by a region to ignore have no loss; -1: all have'),
  obj_level_weights: z.array(z.number()).default([4, 1, 0.4]).describe('Factor on the objectness loss of each level'),
  train_cfg: z.strictObject({}).nullish().describe(`${trainCfgText}; there are none`),
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
};
const options = z.strictObject(yolov5HeadOptions);
export type YOLOv5HeadConfig = z.output<typeof options>;

/** What the losses of one level compare. */
export interface LevelTargets extends LevelMatches {
  /** 0 for anchors without a loss [N * H * W * A]; all have one where it is absent. */
  used?: Float32Array;
}

/** Losses of classes, objectness and boxes. */
export type LossParts = Record<'cls' | 'obj' | 'bbox', tf.Scalar>;

/**
 * `predictions` are, of each anchor, four codes, the objectness and the classes, all before the sigmoid. Further maps `M` are for
 * heads that add to it.
 */
export class YOLOv5Head<
  C extends YOLOv5HeadConfig = YOLOv5HeadConfig,
  M extends string = 'predictions',
> extends DecodedYOLOHead<C & { num_classes: number }, M | 'predictions'> {
  protected readonly module: HeadModule;
  protected readonly lossFns: { cls: Loss; bbox: YOLOIoULoss; obj: Loss };
  /** Width and height of the anchors of a cell in cells [A, 2], by level. */
  protected readonly anchorShapes: Float32Array[];

  constructor(config: C, context: BuildContext, head = 'YOLOv5Head') {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    const module = buildHeadModule(config.head_module, context, {
      head,
      maps: ['predictions'],
      usual: `${head}Module`,
    });
    super(
      { ...config, num_classes: module.numClasses },
      { registry, path },
      {
        priors: buildPriorGenerator(config.prior_generator, at('prior_generator'), { head, form: 'boxes' }),
        coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'sigmoid cells' }),
      },
    );
    cellPriors(head, this.priors, path);
    const { numLevels } = this.priors;
    if (config.obj_level_weights.length !== numLevels)
      throw new DetLabError(
        `Cannot build ${head} at ${path}: expected one of obj_level_weights for each of ${numLevels} levels, ` +
          `received ${config.obj_level_weights.length}`,
      );
    this.module = this.addChild('head_module', module);
    const bbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    if (!(bbox instanceof YOLOIoULoss))
      throw new DetLabError(
        `Cannot use ${config.loss_bbox.type} in ${head} at ${path}.loss_bbox: the objectness learns the overlap that the loss ` +
          "measures. Use MMYOLO's IoULoss, { type: 'IoULoss', iou_mode: 'ciou', bbox_format: 'xywh' }",
      );
    const loss = (name: 'loss_cls' | 'loss_obj') => registry.build('loss', config[name], at(name));
    this.lossFns = { cls: loss('loss_cls'), bbox, obj: loss('loss_obj') };
    this.anchorShapes = this.priors
      .gridPriors(Array.from({ length: numLevels }, (): Size => [1, 1]))
      .map((boxes, level) => {
        const [x, y] = this.priors.strides[level];
        return Float32Array.from({ length: boxes.length / 2 }, (_, i) => {
          const low = 4 * (i >> 1) + (i & 1);
          return (boxes[low + 2] - boxes[low]) / (i & 1 ? y : x);
        });
      });
  }

  protected override get columns(): Readonly<Record<string, number>> {
    return this.module.columns;
  }

  protected override forwardSingle(
    x: tf.Tensor4D,
    level: number,
    sizes: Size[],
  ): Record<M | 'predictions', tf.Tensor4D> {
    return this.module.forwardSingle(x, level, sizes) as Record<M | 'predictions', tf.Tensor4D>;
  }

  protected override trainingLosses(
    outputs: DenseOutputs<M | 'predictions'>,
    batch: DetBatch,
    { watch }: LossContext,
  ): Losses {
    const images = batch.samples.map(({ truths, meta }) => this.instances(truths, meta.imgPath));
    const matches = this.match(images, outputs, batch);
    const { sizes } = outputs;
    const strides = this.priors.strides.map(([x]) => x);
    const report = { source: this.name, images, matches, sizes, strides, cache: this.priorCache };
    if (watch) reportMatches(watch, report);
    return this.matchedLosses(outputs, matches, images, batch);
  }

  protected matchedLosses(
    { maps }: DenseOutputs<M | 'predictions'>,
    matches: readonly LevelTargets[],
    images: readonly Instances[],
    _batch: DetBatch,
  ): Losses {
    return this.scaledLosses(this.sumOfLevels(maps.predictions, matches), images.length);
  }

  /** Multiplied by the number of images, over all processes. */
  protected scaledLosses({ cls, obj, bbox }: LossParts, images: number): Losses {
    const [count, ranks] = [sumOverRanks(images), sumOverRanks(1)];
    return {
      loss_cls: tf.mul<tf.Scalar>(cls, count),
      loss_obj: tf.mul<tf.Scalar>(obj, images * ranks),
      loss_bbox: tf.mul<tf.Scalar>(bbox, count),
    };
  }

  /** Sums over the levels of a map. */
  protected sumOfLevels(maps: readonly tf.Tensor4D[], matches: readonly LevelTargets[]): LossParts {
    const levels = matches.map((targets, level) => this.levelLosses(maps[level], level, targets));
    return levels.reduce((sum, { cls, obj, bbox }) => ({
      cls: tf.add(sum.cls, cls),
      obj: tf.add(sum.obj, obj),
      bbox: tf.add(sum.bbox, bbox),
    }));
  }

  /** The matched anchors of each level. */
  protected match(
    images: readonly Instances[],
    { sizes }: DenseOutputs<M | 'predictions'>,
    batch: DetBatch,
    neighbor = this.config.near_neighbor_thr,
  ): LevelTargets[] {
    const { prior_match_thr: shapeFactor, ignore_iof_thr: limit } = this.config;
    const priors = this.priors.gridPriors(sizes);
    const covers = limit !== -1 && images.some(({ ignored }) => ignored.length > 0);
    return sizes.map((size, level) => {
      const anchors = this.anchorShapes[level];
      const matches = matchByShape(images, { anchors, size, batchShape: batch.batchShape }, { shapeFactor, neighbor });
      return covers ? { ...matches, used: usedAnchors(priors[level], images, limit) } : matches;
    });
  }

  /** Losses of classes, objectness and boxes of one level. */
  protected levelLosses(
    map: tf.Tensor4D,
    level: number,
    { rows, labels, boxes, anchors, used }: LevelTargets,
  ): LossParts {
    const { numClasses: classes, lossFns } = this;
    const n = rows.length;
    const table = map.reshape<tf.Tensor2D>([-1, this.columns.predictions]).cast<tf.Tensor2D>('float32');
    const [total] = table.shape;
    const weights = used && Float32Array.from(rows, (row) => used[row]);
    const call = (values?: Float32Array) =>
      values && { weight: tf.tensor1d(values), avgFactor: Math.max(sumOf(values), 1) };
    // the mean of this rank to that of all
    const counted = weights ? sumOf(weights) : n;
    const share = counted / meanOverRanks(counted, 1);
    const objectLoss = (target: tf.Tensor) => {
      const loss = lossFns.obj.forward(tf.slice(table, [0, 4], [-1, 1]).reshape([total]), target, call(used));
      return tf.mul<tf.Scalar>(loss, this.config.obj_level_weights[level]);
    };
    if (n === 0) return { cls: zeroLoss(table), obj: objectLoss(tf.zeros([total])), bbox: zeroLoss(table) };
    const positives = tf.gather(table, tf.tensor1d(rows, 'int32')); // [P, 5 + C]
    const [xy, wh] = tf.split(tf.sigmoid(tf.slice(positives, [0, 0], [-1, 4])), 2, 1);
    const sides = tf.mul(tf.square(tf.mul(wh, 2)), tf.tensor2d(anchors, [n, 2]));
    const decoded = tf.concat2d([tf.sub(tf.mul(xy, 2), 0.5), sides] as tf.Tensor2D[], 1); // center and size in cells
    const [bbox, overlaps] = lossFns.bbox.withOverlaps(decoded, tf.tensor2d(boxes, [n, 4]), call(weights));
    const obj = objectLoss(lastOfEach(rows, tf.relu(overlaps), total));
    const scaled = (loss: tf.Tensor) => tf.mul<tf.Scalar>(loss as tf.Scalar, share);
    if (classes === 1) return { cls: zeroLoss(table), obj, bbox: scaled(bbox) }; // every object is of the class
    const target = tf.oneHot(tf.tensor1d(labels, 'int32'), classes).cast('float32');
    const logits = tf.slice(positives, [0, 5], [-1, classes]);
    const perLabel = weights && { ...call(weights), weight: tf.tensor2d(weights, [n, 1]) };
    return { cls: scaled(lossFns.cls.forward(logits, target, perLabel)), obj, bbox: scaled(bbox) };
  }

  /** A class is as probable as an object that is of the class. */
  protected override candidates(outputs: DenseOutputs<M | 'predictions'>): CandidateTensors {
    const { sizes } = outputs;
    const predictions = outputs.flat('predictions');
    const further = predictions.shape[2] - 5 - this.numClasses;
    const [codes, object, labels] = tf.split(
      predictions,
      [4, 1, this.numClasses, ...(further > 0 ? [further] : [])],
      2,
    );
    return {
      scores: tf.mul(tf.sigmoid(labels), tf.sigmoid(object)),
      boxes: this.coder.decodeTensors(this.priorCache.of(sizes), codes, { strides: this.strides(sizes) }),
    };
  }

  /** Not called: assignment and losses are one, see `trainingLosses`. */
  protected override losses(): Losses {
    return {};
  }
}

const sumOf = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

/** Values [P] at their rows of a table of `total`, 0 elsewhere; of several at one row the last. */
function lastOfEach(rows: Int32Array, values: tf.Tensor1D, total: number): tf.Tensor1D {
  const last = new Map(Array.from(rows, (row, k) => [row, k]));
  const [places, indices] = [[...last.keys()], [...last.values()]];
  const kept = places.length === rows.length ? values : tf.gather(values, tf.tensor1d(indices, 'int32'));
  return tf.scatterND(tf.tensor2d(places, [places.length, 1], 'int32'), kept, [total]) as tf.Tensor1D;
}

/**
 * 1 for the anchors of a level that the ignore regions of their image leave, image by image. MMYOLO frees of every anchor the
 * image alone whose region covers it most.
 */
function usedAnchors(priors: Float32Array, images: readonly Instances[], limit: number): Float32Array {
  const count = priors.length / 4;
  const used = new Float32Array(images.length * count).fill(1);
  for (const [i, { ignored }] of images.entries()) {
    const regions = ignored.length / 4;
    const covered = bboxOverlaps(priors, ignored, 'iof');
    for (let at = 0; at < covered.length; at++)
      if (covered[at] > Math.fround(limit)) used[i * count + Math.floor(at / regions)] = 0;
  }
  return used;
}

export const yolov5HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv5Head',
  summary: 'Anchor-based head: box, objectness and classes of each anchor, given to boxes of its shape',
  paper: 'Jocher et al., YOLOv5, 2020 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: `{
  type: 'YOLOv5Head',
  head_module: { type: 'YOLOv5HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] },
  prior_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]], [[116, 90], [156, 198], [373, 326]], [[436, 615], [739, 380], [925, 792]], [[500, 500], [800, 400], [400, 800]]], strides: [4, 8, 16, 32, 64] },
  obj_level_weights: [4, 4, 1, 0.4, 0.1],
}`,
  options,
  build: (given, context) => new YOLOv5Head(given, context),
});
