// What the heads of SOLO and SOLOv2 share (Wang et al., ECCV and NeurIPS 2020): each cell of a grid on each level predicts classes and
// a mask of the whole image. Training: cells get objects by their centroids, their masks the Dice loss. Prediction: see
// grid-detections.ts. Only the masks of cells that are asked for are computed, where the reference computes all.
// Two deviations: boxes are those around the masks, where the reference gives zeros; sizes are multiples of the finest
// level's stride, where it takes 4. N images, L levels of S x S cells, C classes, k cells.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { bilinearAxis, padMasks, type Rle, rescaleMask, toRles } from '../../masks';
import { Module } from '../../nn';
import { meanOverRanks, rankCount } from '../../ops/over-ranks';
import { imageRows } from '../dense-heads/image-rows';
import { localMaxima } from '../dense-heads/local-maxima';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import { requireMasks } from '../require-masks';
import { reportScores, type WatchedScores } from '../score-watch';
import { toInstances } from '../task-modules';
import type { DetBatch, InstanceMaskHead, LossContext, Losses } from '../types';
import { gridAssignment } from './grid-assignment';
import { type GridTestCfg, gridDetections } from './grid-detections';
import type { GridMaskParts, GridMaskTensors, LevelMaskTensors } from './grid-mask-parts';
import { type GridTargets, gridTargets } from './grid-targets';
import { imageFrame } from './mask-frames';
import type { GridMaskHeadConfig } from './solo-options';

/** What a head predicts: class logits [N, S, S, C] of each level, and what masks are computed from. */
export interface GridMaps<M> {
  logits: tf.Tensor4D[];
  masks: M;
}

/** The map that masks are compared on. */
export interface TargetMap {
  size: [number, number];
  /** In pixels of the network's input. */
  stride: number;
}

export abstract class GridMaskHead<C extends GridMaskHeadConfig = GridMaskHeadConfig, M = unknown>
  extends Module
  implements InstanceMaskHead
{
  readonly numClasses: number;
  protected readonly lossCls: ClassificationLoss;
  protected readonly lossMask: Loss;
  /** Stride of the finest map of masks, at first that of the finest feature level. */
  protected mapStride: number;

  constructor(
    protected readonly config: C,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { num_grids, strides, scale_ranges, cls_down_index, stacked_convs } = config;
    const counts = { num_grids, strides, scale_ranges, 'feature levels': inputs ?? num_grids };
    if (new Set(Object.values(counts).map(({ length }) => length)).size > 1)
      throw new DetLabError(
        `Cannot build ${this.constructor.name} at ${path}: expected one entry for each feature level, received ` +
          Object.entries(counts)
            .map(([name, { length }]) => `${length} ${name}`)
            .join(', '),
      );
    if (cls_down_index >= stacked_convs)
      throw new DetLabError(
        `Cannot build ${this.constructor.name} at ${path}: cls_down_index is ${cls_down_index}, but the convolutions are 0 to ` +
          `${stacked_convs - 1}`,
      );
    this.numClasses = config.num_classes;
    this.mapStride = inputs?.[0].stride ?? 4;
    this.lossCls = buildClassificationLoss(config.loss_cls, { registry, path: `${path}.loss_cls` });
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
  }

  protected abstract maps(features: tf.Tensor4D[]): GridMaps<M>;
  protected abstract targetMap(masks: M, level: number): TargetMap;
  /** What the mask loss takes of some cells of a level of an image [k, H, W]. */
  protected abstract levelMasks(masks: M, level: number, image: number, cells: Int32Array): tf.Tensor3D;
  /** Probabilities [k, h, w] of cells of all levels, on the finest map. */
  protected abstract probabilities(masks: M, image: number, cells: Int32Array): tf.Tensor3D;
  /** What programs that cannot call it compute the masks of the cells of a level from. */
  protected abstract levelTensors(masks: M, level: number): LevelMaskTensors;
  /** A cell of two objects learns the masks of both, or of the last one alone. */
  protected abstract targetsOf(assigned: GridTargets): GridTargets;
  /** A loss of 0 that keeps the layers of a level's masks in the gradient, where no cell of it is positive. */
  protected noMasks(_level: number): tf.Scalar | undefined {
    return undefined;
  }

  forward(features: tf.Tensor4D[]): unknown {
    return this.maps(features);
  }

  /** `loss_mask`, `loss_cls`. */
  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const { masks, logits } = this.maps(features);
    const images = batch.samples.map((_, i) => this.assign(masks, batch, i, context));
    const positives = images.reduce((sum, { levels }) => sum + levels.reduce((n, t) => n + positiveCells(t), 0), 0);
    const count = meanOverRanks(positives);
    const parts: tf.Scalar[] = [];
    for (let level = 0; level < logits.length; level++) {
      const before = parts.length;
      for (const [i, { levels, rles }] of images.entries()) {
        const { cells, truths } = levels[level];
        if (cells.length === 0) continue;
        const { size, stride } = this.targetMap(masks, level);
        const found = this.levelMasks(masks, level, i, cells);
        parts.push(
          tf.sum(this.lossMask.forward(found, maskTargets(rles, truths, size, stride), { reduction: 'none' })),
        );
      }
      const none = parts.length === before ? this.noMasks(level) : undefined;
      if (none) parts.push(none);
    }
    const loss_mask = positives > 0 ? tf.div<tf.Scalar>(tf.addN(parts), count) : zeroLoss(this);
    const labels = logits.flatMap((_, level) => images.map(({ levels }) => [...levels[level].labels])).flat();
    const rows = tf.concat(logits.map((level) => level.cast('float32').reshape<tf.Tensor2D>([-1, this.numClasses])));
    const loss_cls = this.lossCls.forward(rows, tf.tensor1d(labels, 'int32'), { avgFactor: count + 1 / rankCount() });
    return { loss_mask, loss_cls: loss_cls as tf.Scalar };
  }

  private assign(masks: M, batch: DetBatch, i: number, { watch }: LossContext) {
    const { truths, meta } = batch.samples[i];
    const instances = toInstances(truths, meta.imgPath);
    const rles =
      instances.labels.length > 0 ? toRles(padMasks(requireMasks(instances, batch, i), ...batch.batchShape)) : [];
    const { num_grids, scale_ranges, pos_scale: scale } = this.config;
    const levels = num_grids.map((grid, level) => ({ grid, range: scale_ranges[level] }));
    const [h, w] = this.targetMap(masks, 0).size;
    const inputSize: [number, number] = [h * this.mapStride, w * this.mapStride];
    const assigned = gridTargets(instances, rles, inputSize, { levels, numClasses: this.numClasses, scale });
    watch?.assigned(gridAssignment(this.constructor.name, i, instances, assigned, { grids: num_grids, inputSize }));
    return { rles, levels: assigned.map((targets) => this.targetsOf(targets)) };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = this.testCfg;
    const { masks, logits } = this.maps(features);
    const count = batch.samples.length;
    const all = tf.concat(this.peaks(logits), 1);
    const scores = all.dataSync<'float32'>();
    const minAreas = Float32Array.from(
      this.config.num_grids.flatMap((grid, level) => Array(grid * grid).fill(this.config.strides[level])),
    );
    const stride = this.mapStride;
    const found = batch.samples.map(({ meta }, i) =>
      gridDetections(
        {
          scores: imageRows(scores, i, count),
          numClasses: this.numClasses,
          minAreas,
          masks: (cells) => this.probabilities(masks, i, cells),
          frame: ([h, w]) =>
            imageFrame({ rows: bilinearAxis(h, h * stride), columns: bilinearAxis(w, w * stride) }, meta, rescale),
        },
        cfg,
      ),
    );
    reportScores(() => this.watched(all, found[0]));
    return found.map(({ detections }) => detections);
  }

  private get testCfg(): GridTestCfg {
    return requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg');
  }

  /** Probabilities of the cells of each level [N, S * S, C], 0 beside better neighbours. */
  private peaks(logits: readonly tf.Tensor4D[]): tf.Tensor3D[] {
    return logits.map((level) =>
      localMaxima(tf.sigmoid(level.cast<tf.Tensor4D>('float32')), 2).reshape([level.shape[0], -1, this.numClasses]),
    );
  }

  /** What `predict` selects from, for programs that cannot call it. */
  gridTensors(features: tf.Tensor4D[]): GridMaskTensors {
    const { masks, logits } = this.maps(features);
    return { scores: this.peaks(logits), masks: logits.map((_, level) => this.levelTensors(masks, level)) };
  }

  /** How it selects. */
  get gridParts(): GridMaskParts {
    const { strides, num_classes: classes } = this.config;
    return { classes, minAreas: strides, stride: this.mapStride, cfg: this.testCfg };
  }

  /** The cells of the first image; those of its detections alone have boxes. */
  private watched(scores: tf.Tensor3D, { detections, cells }: ReturnType<typeof gridDetections>): WatchedScores {
    const [, count] = scores.shape;
    return {
      source: this.constructor.name,
      count,
      numClasses: this.numClasses,
      boxes: (label) => {
        const boxes = new Float32Array(4 * count);
        for (const [k, cell] of cells.entries())
          if (detections.labels[k] === label) boxes.set(detections.bboxes.subarray(4 * k, 4 * k + 4), 4 * cell);
        return boxes;
      },
      score: (index, label) => tf.slice(scores, [0, index, label], [1, 1, 1]).asScalar(),
    };
  }
}

const positiveCells = ({ cells }: GridTargets): number => new Set(cells).size;

/** The masks of some objects [k, H, W], made smaller by the stride. */
function maskTargets(rles: readonly Rle[], truths: Int32Array, [h, w]: [number, number], stride: number): tf.Tensor3D {
  const values = new Float32Array(truths.length * h * w);
  const small = new Map<number, ReturnType<typeof rescaleMask>>();
  for (const [k, truth] of truths.entries()) {
    let mask = small.get(truth);
    if (!mask) small.set(truth, (mask = rescaleMask(rles[truth], 1 / stride)));
    const width = Math.min(mask.width, w);
    for (let y = 0; y < Math.min(mask.height, h); y++)
      values.set(mask.data.subarray(y * mask.width, y * mask.width + width), (k * h + y) * w);
  }
  return tf.tensor3d(values, [truths.length, h, w]);
}
