// CornerHead: an object is a pair of corners, peaks of two heat maps whose embeddings are alike (Law and Deng, CornerNet, ECCV 2018).
// The levels are the outputs of an hourglass after each stack, all of one size; the last one detects. A map without enough peaks
// gives fewer corners: the reference fills up with cells of score 0.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { scaleBoxes } from '../../geometry/boxes';
import { ConvModule, constant, Module, ModuleList, Sequential } from '../../nn';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { meanOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { BiCornerPool } from '../layers/bi-corner-pool';
import { type AssociativeEmbeddingLoss, type Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import { nmsOption } from '../shared-options/nms-option';
import { toInstances } from '../task-modules';
import type { DetBatch, DetectionHead, Losses } from '../types';
import { type Agreement, type Corner, cornerPairs, sameEmbedding } from './corner-pairs';
import { type CornerTargets, cornerTargets, SIDES, type Side, type SideTargets } from './corner-targets';
import { nmsAndLimit } from './decode-detections';
import { headOptions, noInitOption, numClassesOption, testCfgText, trainCfgText } from './head-options';
import { imageRows } from './image-rows';
import { localMaxima, peaksOf } from './local-maxima';

const size = z.int().positive();
const loss = (config: { type: string; [key: string]: unknown }) => moduleOption('loss').default(config);

export const cornerHeadOptions = {
  num_classes: numClassesOption,
  in_channels: headOptions.in_channels,
  num_feat_levels: size.default(2).describe('Outputs of the backbone: the modules of HourglassNet'),
  corner_emb_channels: z.literal(1).default(1).describe('Numbers of the embedding of a corner: always 1'),
  loss_heatmap: loss({ type: 'GaussianFocalLoss', alpha: 2, gamma: 4, loss_weight: 1 }).describe(
    'Loss of the heat maps',
  ),
  loss_embedding: loss({ type: 'AssociativeEmbeddingLoss', pull_weight: 0.25, push_weight: 0.25 }).describe(
    'Loss of the embeddings: AssociativeEmbeddingLoss',
  ),
  loss_offset: loss({ type: 'SmoothL1Loss', beta: 1, loss_weight: 1 }).describe('Loss of the position within a cell'),
  train_cfg: z.record(z.string(), z.unknown()).nullish().describe(`${trainCfgText}: none has an effect`),
  test_cfg: z
    .strictObject({
      corner_topk: size.default(100).describe('Peaks of each heat map that may be corners'),
      local_maximum_kernel: size
        .refine((n) => n % 2 === 1, 'expected an odd number')
        .default(3)
        .describe('Cells along a side of the neighbourhood of a peak'),
      distance_threshold: z.number().default(0.5).describe('How far apart two corners of an object may be'),
      score_thr: ignoredOption('NMS decides', { schema: z.number().optional() }),
      max_per_img: z.int().default(100).describe('Detections kept per image, best first; -1: all'),
      nms: nmsOption.describe('Non-maximum suppression, per class'),
    })
    .nullish()
    .describe(testCfgText),
  init_cfg: noInitOption,
};
const options = z.strictObject(cornerHeadOptions);
type Options = z.output<typeof options>;
export type CornerHeadConfig = Omit<Options, 'corner_emb_channels' | 'loss_embedding'> & {
  corner_emb_channels: number;
  loss_embedding?: Options['loss_embedding'] | null;
  in_channels: number;
  num_classes: number;
};

type CornerSelection = NonNullable<Options['test_cfg']>;

/** What is predicted of the corners of one side on one level, [N, H, W, ...]; the heat map as probabilities. */
export interface CornerMaps {
  heat: tf.Tensor4D;
  offset: tf.Tensor4D;
  embedding?: tf.Tensor4D;
  guiding?: tf.Tensor4D;
  centripetal?: tf.Tensor4D;
}
/** Where a corner comes from. */
export interface CornerPlace {
  side: Side;
  /** Of the maps of its side but the heat, flat, all images. */
  values: Partial<Record<keyof CornerMaps, Float32Array>>;
  /** Its cell among those of all images. */
  row: number;
  /** In cells. */
  at: readonly [x: number, y: number];
  /** From cells to pixels. */
  place(x: number, y: number): [x: number, y: number];
}
export type LevelCorners = Record<Side, CornerMaps>;
export type CornerBranch = ModuleList<Sequential<ConvModule>>;

/** Channels between the two convolutions of a branch. */
const HIDDEN = 256;
const isPairLoss = (loss: object): loss is AssociativeEmbeddingLoss => 'pairLosses' in loss;

/** Seams for its relatives: `corner` (what else is predicted), `levelLosses`, and `agreement` and `describeCorner` (which corners pair). */
export class CornerHead<C extends CornerHeadConfig = CornerHeadConfig> extends Module implements DetectionHead {
  readonly numClasses: number;
  private readonly pools: Record<Side, ModuleList<BiCornerPool>>;
  private readonly heat: Record<Side, CornerBranch>;
  private readonly offset: Record<Side, CornerBranch>;
  private readonly embedding?: Record<Side, CornerBranch>;
  private readonly lossHeat: Loss;
  private readonly lossOffset: Loss;
  private readonly lossEmbedding?: AssociativeEmbeddingLoss;

  constructor(
    protected readonly config: C,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { in_channels: channels, num_classes, num_feat_levels: levels, corner_emb_channels } = config;
    const type = this.constructor.name;
    if (inputs && inputs.length !== levels)
      throw new DetLabError(
        `Cannot build ${type} at ${path}: expected num_feat_levels (${levels}) feature levels, received ${inputs.length}. ` +
          'Set it to num_stacks of HourglassNet',
      );
    this.numClasses = num_classes;
    const pool = (side: Side) => {
      const directions = side === 'tl' ? (['top', 'left'] as const) : (['bottom', 'right'] as const);
      const make = () => new BiCornerPool({ inChannels: channels, outChannels: channels, directions });
      return this.addChild(`${side}_pool`, new ModuleList(Array.from({ length: levels }, make)));
    };
    this.pools = { tl: pool('tl'), br: pool('br') };
    this.heat = this.addBranches('heat', num_classes);
    for (const side of SIDES)
      for (const branch of this.heat[side]) {
        const { bias } = branch.at(1).conv;
        if (bias) bias.initializer = constant(-Math.log(9)); // a probability of 0.1
      }
    this.offset = this.addBranches('off', 2);
    if (corner_emb_channels > 0) this.embedding = this.addBranches('emb', corner_emb_channels);
    const build = (name: 'loss_heatmap' | 'loss_offset') =>
      registry.build('loss', config[name], { path: `${path}.${name}` });
    this.lossHeat = build('loss_heatmap');
    this.lossOffset = build('loss_offset');
    if (!config.loss_embedding) return;
    const pairs = registry.build('loss', config.loss_embedding, { path: `${path}.loss_embedding` });
    if (!isPairLoss(pairs))
      throw new DetLabError(
        `Cannot build ${type} at ${path}: expected loss_embedding AssociativeEmbeddingLoss, received "${config.loss_embedding.type}"`,
      );
    this.lossEmbedding = pairs;
  }

  /** A branch of each side, on every level: 3x3 convolution with ReLU, then 1x1 with the start of PyTorch. */
  protected addBranches(name: string, outChannels: number): Record<Side, CornerBranch> {
    const branch = () => {
      const out = new ConvModule({ inChannels: HIDDEN, outChannels, kernelSize: 1, actCfg: null });
      resetConvolutions(out);
      const hidden = { inChannels: this.config.in_channels, outChannels: HIDDEN, kernelSize: 3, padding: 1 };
      return new Sequential([new ConvModule(hidden), out]);
    };
    const ofSide = (side: Side): CornerBranch =>
      this.addChild(`${side}_${name}`, new ModuleList(Array.from({ length: this.config.num_feat_levels }, branch)));
    return { tl: ofSide('tl'), br: ofSide('br') };
  }

  /** What a level predicts of the corners of one side from their pooled features. */
  protected corner(side: Side, pooled: tf.Tensor4D, level: number): CornerMaps {
    return {
      heat: tf.sigmoid(predict(this.heat[side], pooled, level)),
      offset: predict(this.offset[side], pooled, level),
      ...(this.embedding && { embedding: predict(this.embedding[side], pooled, level) }),
    };
  }

  private forwardLevel(x: tf.Tensor4D, level: number): LevelCorners {
    const ofSide = (side: Side) => this.corner(side, this.pools[side].at(level).forward(x), level);
    return { tl: ofSide('tl'), br: ofSide('br') };
  }

  /** By level. */
  forward(features: tf.Tensor4D[]): LevelCorners[] {
    return features.map((x, level) => this.forwardLevel(x, level));
  }

  /** `det_loss`, `off_loss`, `pull_loss` and `push_loss`, each by level. */
  loss(features: tf.Tensor4D[], batch: DetBatch): Losses {
    const levels = this.forward(features);
    const truths = batch.samples.map(({ truths, meta }) => toInstances(truths, meta.imgPath));
    const targets = cornerTargets(truths, levels[0].tl.heat.shape, batch.batchShape);
    const all: Record<string, tf.Scalar[]> = {};
    for (const level of levels)
      for (const [name, value] of Object.entries(this.levelLosses(level, targets))) (all[name] ??= []).push(value);
    return all;
  }

  protected levelLosses(level: LevelCorners, targets: CornerTargets): Record<string, tf.Scalar> {
    const heat = (side: Side) => {
      const { heat: map, peaks } = targets.sides[side];
      const predicted = level[side].heat;
      const avgFactor = meanOverRanks(peaks, 1);
      return this.lossHeat.forward(predicted, tf.tensor4d(map, predicted.shape), { avgFactor }) as tf.Scalar;
    };
    const losses: Record<string, tf.Scalar> = { det_loss: mean(heat) };
    losses.off_loss = this.cornerLoss(this.lossOffset, level, targets, 'offset', 'offsets');
    if (this.lossEmbedding) Object.assign(losses, this.embeddingLosses(this.lossEmbedding, level, targets));
    return losses;
  }

  /** The mean over both sides of a loss of two numbers of each cell with a corner. */
  protected cornerLoss(
    loss: Loss,
    level: LevelCorners,
    targets: CornerTargets,
    map: 'offset' | 'guiding' | 'centripetal',
    values: keyof Pick<SideTargets, 'offsets' | 'guiding' | 'centripetal'>,
  ): tf.Scalar {
    return mean((side) => {
      const { cells, [values]: wanted } = targets.sides[side];
      const avgFactor = meanOverRanks(cells.length, 1);
      const rows = level[side][map]!.reshape<tf.Tensor2D>([-1, 2]);
      if (cells.length === 0) return zeroLoss(rows);
      const predicted = tf.gather(rows, tf.tensor1d(cells, 'int32'));
      return loss.forward(predicted, tf.tensor2d(wanted, [cells.length, 2]), { avgFactor }) as tf.Scalar;
    });
  }

  private embeddingLosses(loss: AssociativeEmbeddingLoss, level: LevelCorners, { pairs }: CornerTargets) {
    const rows = (side: Side) => level[side].embedding!.reshape<tf.Tensor2D>([-1, this.config.corner_emb_channels]);
    const [topLeft, bottomRight] = [rows('tl'), rows('br')];
    const images = pairs.map((cells) => {
      const take = (x: tf.Tensor2D, side: Side) => tf.gather(x, tf.tensor1d(cells[side], 'int32'));
      if (cells.tl.length === 0) return { pull: zeroLoss(topLeft), push: zeroLoss(topLeft) };
      return loss.pairLosses(take(topLeft, 'tl'), take(bottomRight, 'br'));
    });
    return {
      pull_loss: tf.addN(images.map(({ pull }) => pull)) as tf.Scalar,
      push_loss: tf.addN(images.map(({ push }) => push)) as tf.Scalar,
    };
  }

  /** Whether two corners belong together. */
  protected agreement(threshold: number): Agreement {
    return sameEmbedding(threshold);
  }

  /** What corners are paired by, for programs that cannot call `agreement`: embeddings, or the centers that they see. */
  get pairing(): 'embedding' | 'center' {
    return 'embedding';
  }

  /** How `predict` selects. */
  get selection(): CornerSelection {
    return requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg', "{ nms: { type: 'soft_nms' } }");
  }

  /** Of both sides: the peaks of the heat map, positions within a cell, and what corners are paired by. */
  peakMaps(features: tf.Tensor4D[]): Record<Side, Record<'heat' | 'offset' | 'tag', tf.Tensor4D>> {
    const last = features.length - 1;
    const maps = this.forwardLevel(features[last], last);
    const of = ({ heat, offset, embedding, centripetal }: CornerMaps) => ({
      heat: localMaxima(heat, this.selection.local_maximum_kernel),
      offset,
      tag: (embedding ?? centripetal)!,
    });
    return { tl: of(maps.tl), br: of(maps.br) };
  }

  /** A corner with what it is paired by: its embedding. */
  protected describeCorner(corner: Corner, { values, row }: CornerPlace): Corner {
    return { ...corner, embedding: values.embedding?.[row] };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    const cfg = this.selection;
    const last = features.length - 1;
    const maps = this.forwardLevel(features[last], last);
    const [, height, width] = maps.tl.heat.shape;
    const steps: [number, number] = [
      Math.fround(batch.batchShape[1] / width),
      Math.fround(batch.batchShape[0] / height),
    ];
    const read = (side: Side) => {
      const { heat, ...others } = maps[side];
      const values = Object.entries(others).map(([name, map]) => [name, (map as tf.Tensor4D).dataSync<'float32'>()]);
      const highest = localMaxima(heat, cfg.local_maximum_kernel).dataSync<'float32'>();
      return { highest, values: Object.fromEntries(values) as Partial<Record<keyof CornerMaps, Float32Array>> };
    };
    const sides = { tl: read('tl'), br: read('br') };
    return batch.samples.map(({ meta }, n) => {
      const place = placer(meta, steps, rescale);
      const corners = (side: Side): Corner[] => {
        const { highest, values } = sides[side];
        const heat = imageRows(highest, n, batch.samples.length);
        return peaksOf(heat, this.numClasses, cfg.corner_topk).map(({ cell, label, score }) => {
          const row = n * height * width + cell;
          const offset = values.offset!;
          const at: [number, number] = [
            Math.fround((cell % width) + offset[2 * row]),
            Math.fround(Math.floor(cell / width) + offset[2 * row + 1]),
          ];
          const [x, y] = place(...at);
          return this.describeCorner({ x, y, label, score }, { side, values, row, at, place });
        });
      };
      const found = cornerPairs(corners('tl'), corners('br'), this.agreement(cfg.distance_threshold));
      const [sx, sy] = rescale ? meta.scaleFactor : [1, 1];
      const boxes = scaleBoxes(found.boxes, [1 / sx, 1 / sy]);
      return nmsAndLimit({ ...found, boxes }, { nms: cfg.nms, max_per_img: cfg.max_per_img });
    });
  }
}

const mean = (ofSide: (side: Side) => tf.Scalar): tf.Scalar => tf.div(tf.add(ofSide('tl'), ofSide('br')), 2);

/** In single precision, whatever the layers computed in. */
export const predict = (branch: CornerBranch, x: tf.Tensor4D, level: number): tf.Tensor4D =>
  branch.at(level).forward(x).cast('float32');

/** From cells to pixels: of the network's input, or with `rescale` of the image without the border around it; not below 0. */
function placer({ padParam }: ImageMeta, [stepX, stepY]: readonly [number, number], rescale: boolean) {
  const [top, , left] = (rescale && padParam) || [0, 0, 0, 0];
  const at = (value: number, step: number, border: number) =>
    Math.max(Math.fround(Math.fround(value * step) - border), 0);
  return (x: number, y: number): [number, number] => [at(x, stepX, left), at(y, stepY, top)];
}

export const cornerHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'CornerHead',
  summary: 'Objects as pairs of corners: peaks of heat maps with embeddings that are alike',
  paper: 'Law and Deng, CornerNet: Detecting Objects as Paired Keypoints, ECCV 2018',
  shapes: 'feature levels [N, H, W, C] of one size -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'CornerHead', num_classes: 80, num_feat_levels: 2 }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('CornerHead', given, context),
  build: (given, context) => new CornerHead(given as CornerHeadConfig, context),
});
