// YOLOv5InsHead: YOLOv5Head whose anchors also have the coefficients of a mask, a combination of prototypes that are predicted from the
// finest level (Jocher et al., YOLOv5, 2020; MMYOLO). `mask_overlap`: of pixels that several masks cover, the smallest object has them,
// as Polygon2Mask makes them. MMYOLO's masks without `rescale` are whole boxes; here they are masks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { clipBoxes } from '../../geometry/boxes';
import {
  type AxisMap,
  bilinearAxis,
  composeAxes,
  cropAxis,
  encodeRle,
  type Rle,
  resampleMask,
  resizeBitmap,
} from '../../masks';
import { sumOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import type { Instances, Size } from '../task-modules';
import { inCells } from '../task-modules/assigners/match-by-shape';
import type { DetBatch, Losses } from '../types';
import { selectYoloBoxes, yoloTestCfg } from './decode-yolo-detections';
import type { DenseOutputs, LevelMaps } from './dense-outputs';
import { testCfgText } from './head-options';
import { insideBoxes, prototypeTargets } from './prototype-masks';
import type { DecodedCandidates, Selection } from './selection';
import { type LevelTargets, YOLOv5Head, yolov5HeadOptions } from './yolov5-head';
import { YOLOv5InsHeadModule } from './yolov5-ins-head-module';

const testCfg = yoloTestCfg.extend({
  mask_thr_binary: z.number().default(0.5).describe('Probability above which a pixel is in the mask'),
  fast_test: z
    .boolean()
    .default(false)
    .describe('Resize probabilities to the original image, then compare; false: compare, then resize'),
});
const options = z.strictObject({
  ...yolov5HeadOptions,
  mask_overlap: z.boolean().default(true).describe('Of pixels that several masks cover, the smallest object has them'),
  loss_mask: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'none' })
    .describe('Loss of each pixel of a mask'),
  loss_mask_weight: z.number().default(0.05).describe('Weight of the mask loss'),
  test_cfg: testCfg.nullish().describe(testCfgText),
});
export type YOLOv5InsHeadConfig = z.output<typeof options>;
type TestCfg = z.output<typeof testCfg>;

type Maps = 'predictions' | 'prototypes';
const f = Math.fround;

/** `prototypes` is one map [N, h, w, c] beside the levels. */
export class YOLOv5InsHead extends YOLOv5Head<YOLOv5InsHeadConfig, Maps> {
  private readonly lossMask: Loss;
  private readonly insModule: YOLOv5InsHeadModule;

  constructor(config: YOLOv5InsHeadConfig, context: BuildContext) {
    super(config, context, 'YOLOv5InsHead');
    const { registry, path } = context;
    if (!(this.module instanceof YOLOv5InsHeadModule))
      throw new DetLabError(
        `Cannot use ${config.head_module.type} in YOLOv5InsHead at ${path}.head_module: it predicts no masks. Use YOLOv5InsHeadModule`,
      );
    this.insModule = this.module;
    if (config.loss_mask.reduction !== undefined && config.loss_mask.reduction !== 'none')
      throw new DetLabError(
        `Cannot use reduction "${config.loss_mask.reduction}" in YOLOv5InsHead at ${path}.loss_mask: it crops the loss of each pixel ` +
          "to the box. Set reduction to 'none'",
      );
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
  }

  override forward(features: tf.Tensor4D[]): LevelMaps<Maps> {
    return { ...super.forward(features), prototypes: [this.insModule.forwardPrototypes(features[0])] };
  }

  protected override matchedLosses(
    outputs: DenseOutputs<Maps>,
    matches: readonly LevelTargets[],
    images: readonly Instances[],
    batch: DetBatch,
  ): Losses {
    const boxLosses = super.matchedLosses(outputs, matches, images, batch);
    const [, height, width] = outputs.maps.prototypes[0].shape;
    const targets = images.map((one, i) => {
      const values = prototypeTargets(one, [height, width], batch, i, this.config.mask_overlap);
      return tf.tensor2d(values, [one.labels.length, height * width]);
    });
    const parts = matches.flatMap((level, i) => this.maskLosses(outputs, i, level, images, targets, batch));
    const sum = parts.length > 0 ? tf.addN(parts) : zeroLoss(outputs.maps.prototypes[0]);
    const factor = this.config.loss_mask_weight * sumOverRanks(1);
    return { ...boxLosses, loss_mask: tf.mul<tf.Scalar>(sum as tf.Scalar, factor) };
  }

  /** Of one level, the mean over the anchors of each image: per pixel of the box, over its share of the image. */
  private maskLosses(
    { maps, sizes }: DenseOutputs<Maps>,
    level: number,
    { rows, images: of, truths }: LevelTargets,
    images: readonly Instances[],
    targets: readonly tf.Tensor2D[],
    { batchShape }: DetBatch,
  ): tf.Tensor[] {
    const [, height, width, channels] = maps.prototypes[0].shape;
    const table = maps.predictions[level].reshape<tf.Tensor2D>([-1, this.columns.predictions]);
    return images.flatMap(({ bboxes }, image) => {
      const own = Array.from(rows.keys()).filter((k) => of[k] === image);
      if (own.length === 0) return [];
      const taken = tf.gather(
        table,
        tf.tensor1d(
          Int32Array.from(own, (k) => rows[k]),
          'int32',
        ),
      );
      const coefficients = tf.slice(taken, [0, 5 + this.numClasses], [-1, channels]).cast<tf.Tensor2D>('float32');
      const prototypes = maps.prototypes[0]
        .slice([image, 0, 0, 0], [1, -1, -1, -1])
        .reshape<tf.Tensor2D>([-1, channels]);
      const logits = tf.matMul(coefficients, prototypes.cast('float32'), false, true); // [P, h * w]
      const target = tf.gather(
        targets[image],
        tf.tensor1d(
          Int32Array.from(own, (k) => truths[k]),
          'int32',
        ),
      );
      const { boxes, areas } = truthBoxes(
        bboxes,
        own.map((k) => truths[k]),
        batchShape,
        sizes[level],
        [height, width],
      );
      const losses = this.lossMask.forward(logits, target).reshape([own.length, height, width]);
      const ofBoxes = tf.mean(tf.mul(losses, insideBoxes(boxes, [height, width])), [1, 2]);
      return [tf.mean(tf.div(ofBoxes, tf.tensor1d(areas)))];
    });
  }

  override get selection(): Selection {
    const { mask_thr_binary: threshold } = this.testCfg as TestCfg;
    const reading = { values: 'probabilities', cells: 'centered', threshold: f(threshold), inBox: true } as const;
    return { ...super.selection, masks: { cut: false, reading } };
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    const [map] = outputs.maps.prototypes;
    const parts = { parameters: this.coefficients(outputs.flat('predictions'), map.shape[3]), map };
    return { ...super.decodedCandidates(features, outputs), parts };
  }

  /** Of the masks of all rows [..., columns], by how probable an object is. */
  private coefficients<T extends tf.Tensor>(predictions: T, channels: number): T {
    const [, object, , coefficients] = tf.split(predictions, [4, 1, this.numClasses, channels], -1);
    return tf.mul<T>(coefficients, tf.sigmoid(object));
  }

  protected override detect(
    outputs: DenseOutputs<Maps>,
    batch: DetBatch,
    cfg: TestCfg,
    rescale: boolean,
  ): Detections[] {
    const found = this.selectEach(outputs, batch, (candidates) => selectYoloBoxes(candidates, cfg));
    return found.map(({ detections, priors }, image) => {
      const { meta } = batch.samples[image];
      const [, height, width] = outputs.maps.prototypes[0].shape;
      const size: Size = [height, width];
      const values = this.maskProbabilities(outputs, image, priors);
      const masks = masksInImage({ values, size, boxes: detections.bboxes }, batch.batchShape, meta, cfg, rescale);
      const bboxes = rescale ? toOriginal(detections.bboxes, batch.batchShape, meta) : detections.bboxes;
      return { ...detections, bboxes: clipBoxes(bboxes, meta.oriShape), masks };
    });
  }

  /** Of the anchors at `priors` of an image [n, h, w]. */
  private maskProbabilities(outputs: DenseOutputs<Maps>, image: number, priors: Int32Array): Float32Array {
    const [prototypes] = outputs.maps.prototypes;
    if (priors.length === 0) return new Float32Array(0);
    return tf.tidy(() => {
      const [, , , channels] = prototypes.shape;
      const table = outputs.flat('predictions').slice([image, 0, 0], [1, -1, -1]);
      const rows = tf.gather(table.reshape<tf.Tensor2D>([-1, table.shape[2]]), tf.tensor1d(priors, 'int32'));
      const coefficients = this.coefficients(rows, channels);
      const maps = prototypes.slice([image, 0, 0, 0], [1, -1, -1, -1]).reshape<tf.Tensor2D>([-1, channels]);
      return tf.sigmoid(tf.matMul(coefficients, maps.cast('float32'), false, true)).dataSync<'float32'>();
    });
  }
}

/** Of the ground truth at `indices`: boxes in pixels of the prototypes, and shares of the image. By way of cells, as MMYOLO. */
function truthBoxes(bboxes: Float32Array, indices: readonly number[], batchShape: Size, cells: Size, map: Size) {
  const scaled = inCells(bboxes, batchShape, cells);
  const boxes = new Float32Array(4 * indices.length);
  const areas = new Float32Array(indices.length);
  for (const [k, truth] of indices.entries()) {
    const [x, y, w, h] = scaled.subarray(4 * truth, 4 * truth + 4).map((v, i) => f(v / cells[i & 1 ? 0 : 1]));
    areas[k] = f(w * h);
    const ends = (center: number, side: number, length: number) => {
      const [at, half] = [f(center * length), f(0.5 * f(side * length))];
      return [f(at - half), f(at + half)];
    };
    const [[x1, x2], [y1, y2]] = [ends(x, w, map[1]), ends(y, h, map[0])];
    boxes.set([x1, y1, x2, y2], 4 * k);
  }
  return { boxes, areas };
}

/** Top, bottom, left and right of letter-boxing in the network's input. */
const padding = ({ padParam }: ImageMeta) => padParam ?? ([0, 0, 0, 0] as const);

function toOriginal(bboxes: Float32Array, [height, width]: Size, meta: ImageMeta): Float32Array {
  const [top, bottom, left, right] = padding(meta);
  const [y, x] = [(height - top - bottom) / meta.oriShape[0], (width - left - right) / meta.oriShape[1]].map(f);
  return bboxes.map((v, i) => (i & 1 ? (v - top) / y : (v - left) / x));
}

/** The axis of a map to the `length` pixels of the network's input from low to high alone, without the padding at both ends. */
function inputAxis(
  map: number,
  length: number,
  [low, high]: [number, number],
  [before, after]: [number, number],
): AxisMap {
  const axis = bilinearAxis(map, length);
  const weights = axis.weights.map((weight, i) => {
    const pixel = Math.floor(i / axis.taps);
    return pixel >= low && pixel < high ? weight : 0;
  });
  const first = Math.trunc(before);
  return cropAxis({ ...axis, weights }, first, Math.trunc(length - after) - first);
}

/** Probabilities of n masks, in the frame of the prototypes [n, h, w], and their boxes in pixels of the network's input. */
interface FoundMasks {
  values: Float32Array;
  size: Size;
  boxes: Float32Array;
}

function masksInImage(
  { values, size, boxes }: FoundMasks,
  [height, width]: Size,
  meta: ImageMeta,
  { mask_thr_binary, fast_test }: TestCfg,
  rescale: boolean,
): Rle[] {
  const threshold = f(mask_thr_binary);
  const [top, bottom, left, right] = rescale ? padding(meta) : [0, 0, 0, 0];
  const larger = rescale && fast_test;
  const toImage = (axis: AxisMap, length: number) =>
    larger ? composeAxes(axis, bilinearAxis(axis.start.length, length)) : axis;
  const area = size[0] * size[1];
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    const rows = toImage(inputAxis(size[0], height, [y1, y2], [top, bottom]), meta.oriShape[0]);
    const columns = toImage(inputAxis(size[1], width, [x1, x2], [left, right]), meta.oriShape[1]);
    const mask = resampleMask(values.subarray(i * area, (i + 1) * area), size, { rows, columns }, threshold);
    return rescale && !fast_test ? encodeRle(resizeBitmap(mask, ...meta.oriShape), ...meta.oriShape) : mask;
  });
}

export const yolov5InsHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv5InsHead',
  summary: 'YOLOv5Head with masks: each anchor has the coefficients of a mask, a combination of prototypes',
  paper: 'Jocher et al., YOLOv5, 2020 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and masks [n]',
  example: `{
  type: 'YOLOv5InsHead',
  head_module: { type: 'YOLOv5InsHeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] },
  prior_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]], [[116, 90], [156, 198], [373, 326]], [[436, 615], [739, 380], [925, 792]], [[500, 500], [800, 400], [400, 800]]], strides: [4, 8, 16, 32, 64] },
  obj_level_weights: [4, 4, 1, 0.4, 0.1],
}`,
  options,
  build: (given, context) => new YOLOv5InsHead(given, context),
});
