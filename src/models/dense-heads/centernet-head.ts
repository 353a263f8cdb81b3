// CenterNetHead: an object is the peak of a heat map at its center, with its size and what the cell rounds off (Zhou et al., Objects
// as Points, 2019). One feature level [N, H, W, C]; without NMS.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { constant, Module, normal, zeros } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { KeypointBranch } from '../layers/keypoint-branch';
import { type Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import { toInstances } from '../task-modules';
import type { DetBatch, DetectionHead, Losses } from '../types';
import { toFrame } from './decode-detections';
import { addGaussian, gaussianRadius } from './gaussian-heat';
import { headOptions, noInitOption, testCfgText, trainCfgText } from './head-options';
import { imageRows } from './image-rows';
import { localMaxima, peaksOf } from './local-maxima';

const loss = (type: string, loss_weight: number) => moduleOption('loss').default({ type, loss_weight });
const options = z.strictObject({
  ...headOptions,
  feat_channels: z.int().positive().describe('Channels of the hidden layers'),
  loss_center_heatmap: loss('GaussianFocalLoss', 1).describe('Loss of the heat map'),
  loss_wh: loss('L1Loss', 0.1).describe('Loss of width and height, in cells'),
  loss_offset: loss('L1Loss', 1).describe('Loss of the position within a cell'),
  train_cfg: z.record(z.string(), z.unknown()).nullish().describe(`${trainCfgText}: none has an effect`),
  test_cfg: z
    .strictObject({
      topk: z.int().positive().default(100).describe('Peaks that become detections'),
      local_maximum_kernel: z
        .int()
        .positive()
        .refine((size) => size % 2 === 1, 'expected an odd number')
        .default(3)
        .describe('Cells along a side of the neighbourhood of a peak'),
      max_per_img: ignoredOption('topk is the number of detections', { schema: z.int().optional() }),
      nms: ignoredOption('peaks take the place of NMS'),
      score_thr: ignoredOption('topk is the number of detections', { schema: z.number().optional() }),
    })
    .nullish()
    .describe(testCfgText),
  init_cfg: noInitOption,
});
export type CenterNetHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** IoU that a box may have whose center is as far off as the heat map reaches. */
const MIN_OVERLAP = 0.3;
type Maps = Record<'heat' | 'sizes' | 'offsets', tf.Tensor4D>;

export class CenterNetHead extends Module implements DetectionHead {
  readonly numClasses: number;
  private readonly heat: KeypointBranch;
  private readonly sizes: KeypointBranch;
  private readonly offsets: KeypointBranch;
  private readonly losses: Record<'heat' | 'sizes' | 'offsets', Loss>;

  constructor(
    private readonly config: CenterNetHeadConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    if (inputs && inputs.length !== 1)
      throw new DetLabError(
        `Cannot build CenterNetHead at ${path}: expected one feature level, received ${inputs.length}. Use CTResNetNeck`,
      );
    const { in_channels: inChannels, feat_channels: hiddenChannels, num_classes } = config;
    this.numClasses = num_classes;
    const branch = (outChannels: number, init: ConstructorParameters<typeof KeypointBranch>[1]) =>
      new KeypointBranch({ inChannels, hiddenChannels, outChannels }, init);
    // a probability of 0.1
    this.heat = this.addChild('heatmap_head', branch(num_classes, { out: { biasInit: constant(-Math.log(9)) } }));
    const small = { init: normal(0.001), biasInit: zeros };
    this.sizes = this.addChild('wh_head', branch(2, { hidden: small, out: small }));
    this.offsets = this.addChild('offset_head', branch(2, { hidden: small, out: small }));
    const build = (name: 'loss_center_heatmap' | 'loss_wh' | 'loss_offset'): Loss =>
      registry.build('loss', config[name], { path: `${path}.${name}` });
    this.losses = { heat: build('loss_center_heatmap'), sizes: build('loss_wh'), offsets: build('loss_offset') };
  }

  /** Probabilities [N, H, W, C], width and height [N, H, W, 2], x and y within the cell [N, H, W, 2]. */
  forward([x]: tf.Tensor4D[]): Maps {
    const float = (y: tf.Tensor4D) => y.cast<tf.Tensor4D>('float32');
    return {
      heat: tf.sigmoid(float(this.heat.forward(x))),
      sizes: float(this.sizes.forward(x)),
      offsets: float(this.offsets.forward(x)),
    };
  }

  loss(features: tf.Tensor4D[], batch: DetBatch): Losses {
    const { heat, sizes, offsets } = this.forward(features);
    const { map, cells, boxes, peaks } = this.targets(batch, heat.shape);
    const avgFactor = Math.max(meanOverRanks(peaks), 1);
    const loss_center_heatmap = this.losses.heat.forward(heat, tf.tensor4d(map, heat.shape), { avgFactor });
    const ofCenters = (name: 'sizes' | 'offsets', values: tf.Tensor4D, first: number): tf.Scalar => {
      if (cells.length === 0) return zeroLoss(this);
      const predicted = tf.gather(values.reshape<tf.Tensor2D>([-1, 2]), tf.tensor1d(cells, 'int32'));
      const target = tf.tensor2d(boxes.map((four) => four.slice(first, first + 2)));
      return this.losses[name].forward(predicted, target, { avgFactor: 2 * avgFactor }) as tf.Scalar;
    };
    return {
      loss_center_heatmap: loss_center_heatmap as tf.Scalar,
      loss_wh: ofCenters('sizes', sizes, 0),
      loss_offset: ofCenters('offsets', offsets, 2),
    };
  }

  /** The heat map, the cells of centers among those of all images, and width, height, x, y of each; `peaks` are values of 1. */
  private targets({ samples, batchShape }: DetBatch, [, height, width, classes]: number[]) {
    const area = height * width;
    const map = new Float32Array(samples.length * area * classes);
    const [ratioX, ratioY] = [width / batchShape[1], height / batchShape[0]];
    // of two centers in a cell the later one counts
    const centers = new Map<number, number[]>();
    for (const [i, { truths, meta }] of samples.entries()) {
      const heat = imageRows(map, i, samples.length);
      const { bboxes, labels } = toInstances(truths, meta.imgPath);
      for (const [g, label] of labels.entries()) {
        const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
        const [x, y] = [((x1 + x2) * ratioX) / 2, ((y1 + y2) * ratioY) / 2];
        const [w, h] = [(x2 - x1) * ratioX, (y2 - y1) * ratioY];
        const column = Math.min(Math.max(Math.trunc(x), 0), width - 1);
        const row = Math.min(Math.max(Math.trunc(y), 0), height - 1);
        const radius = Math.max(0, Math.trunc(gaussianRadius(h, w, MIN_OVERLAP)));
        addGaussian(heat, [height, width, classes], [column, row, label], radius);
        centers.set(i * area + row * width + column, [w, h, x - column, y - row]);
      }
    }
    const peaks = map.reduce((count, v) => (v === 1 ? count + 1 : count), 0);
    return { map, cells: [...centers.keys()], boxes: [...centers.values()], peaks };
  }

  private get testCfg() {
    return requireCfg(this.config.test_cfg, 'CenterNetHead', 'test_cfg');
  }

  /** What `predict` selects from: `forward`, with a probability of 0 where there is no peak. */
  peakMaps(features: tf.Tensor4D[]): Maps {
    const { heat, ...rest } = this.forward(features);
    return { ...rest, heat: localMaxima(heat, this.testCfg.local_maximum_kernel) };
  }

  /** Peaks that `predict` selects, for programs that cannot call it. */
  get peaks(): number {
    return this.testCfg.topk;
  }

  predict(features: tf.Tensor4D[], { samples, batchShape }: DetBatch, { rescale = false } = {}): Detections[] {
    const maps = this.peakMaps(features);
    const [, height, width] = maps.heat.shape;
    const heat = maps.heat.dataSync<'float32'>();
    const [sizes, offsets] = [maps.sizes.dataSync<'float32'>(), maps.offsets.dataSync<'float32'>()];
    const [stepX, stepY] = [batchShape[1] / width, batchShape[0] / height];
    return samples.map(({ meta }, i) => {
      const peaks = peaksOf(imageRows(heat, i, samples.length), this.numClasses, this.testCfg.topk);
      const bboxes = peaks.flatMap(({ cell }) => {
        const at = 2 * (i * height * width + cell);
        const [x, y] = [(cell % width) + offsets[at], Math.floor(cell / width) + offsets[at + 1]];
        const [w, h] = [sizes[at] / 2, sizes[at + 1] / 2];
        return [(x - w) * stepX, (y - h) * stepY, (x + w) * stepX, (y + h) * stepY];
      });
      return {
        bboxes: toFrame(Float32Array.from(bboxes), meta, rescale),
        scores: Float32Array.from(peaks, ({ score }) => score),
        labels: Int32Array.from(peaks, ({ label }) => label),
      };
    });
  }
}

export const centerNetHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'CenterNetHead',
  summary: 'Objects as peaks of a heat map, with their size and position within a cell',
  paper: 'Zhou et al., Objects as Points, 2019',
  shapes: 'one feature level [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'CenterNetHead', num_classes: 80, feat_channels: 64 }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('CenterNetHead', given, context),
  build: (given, context) => new CenterNetHead(given as CenterNetHeadConfig, context),
});
