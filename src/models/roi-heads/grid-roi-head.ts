// GridRoIHead: the second stage of Grid R-CNN (Lu et al., CVPR 2019). Boxes are found by a grid of points in each RoI, whose heatmaps
// fit together where the object is.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { Module } from '../../nn';
import type { Random } from '../../random';
import { joinArrays } from '../join-arrays';
import { zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { DetBatch, Losses, Proposals, RoIOutputs } from '../types';
import type { StageResult } from './bbox-stage';
import type { GridHead } from './grid-heads/grid-head';
import { rcnnTrainCfg, relativesTrainCfg } from './proposal-sampler';
import type { RoIHeadParts } from './roi-head-parts';
import { RoIPooler } from './roi-pooler';
import { roisOf, takeRois, unpermute } from './rois';
import { StandardRoIHead, standardOptions } from './standard-roi-head';
import type { StageTraining } from './types';

const options = z.strictObject({
  ...standardOptions,
  grid_roi_extractor: moduleOption('roi_extractor')
    .nullish()
    .describe('RoI pooling for the grid_head; that of the bbox_head when absent'),
  grid_head: moduleOption('grid_head').describe('Predicts the grid points'),
  train_cfg: rcnnTrainCfg
    .extend({ pos_radius: relativesTrainCfg.pos_radius, max_num_grid: relativesTrainCfg.max_num_grid })
    .nullish()
    .describe('Training settings, passed down by the detector'),
});
type Options = z.output<typeof options>;
/** How far positives are moved and resized before they learn grid points, of their size. */
const JITTER = 0.15;

export class GridRoIHead extends StandardRoIHead<Options> {
  private readonly gridPooler: RoIPooler;
  private readonly gridHead: GridHead;

  constructor(config: Options, context: BuildContext) {
    super(config, context);
    const { registry, path, inputs } = context;
    const { pooler } = this.stage;
    if (config.grid_roi_extractor) {
      const at = { path: `${path}.grid_roi_extractor`, inputs };
      const extractor = registry.build('roi_extractor', config.grid_roi_extractor, at);
      if (extractor instanceof Module) this.addChild('grid_roi_extractor', extractor);
      this.gridPooler = new RoIPooler(extractor, pooler.shared);
    } else this.gridPooler = pooler;
    const place = { path: `${path}.grid_head`, inputs: [this.gridPooler.output] };
    this.gridHead = this.addChild('grid_head', registry.build('grid_head', config.grid_head, place));
  }

  /** `loss_grid`, of positives moved at random. */
  protected override moreLosses({ sampled }: StageResult, training: StageTraining): Losses {
    const { features, batch, context } = training;
    const cfg = requireCfg(this.config.train_cfg, 'GridRoIHead', 'train_cfg');
    const boxes = sampled.map(({ priors, positive }, i) =>
      jittered(takeBoxes(priors, positive), batch.samples[i].meta.imgShape, context.random),
    );
    const rois = roisOf(boxes);
    if (rois.length === 0) {
      const made = this.gridHead.forward(this.gridPooler.forward(features, Float32Array.of(0, 0, 0, 8, 8)));
      return { loss_grid: zeroLoss(made.fused) };
    }
    const truths = joinArrays(sampled.map(({ positiveBoxes }) => positiveBoxes));
    const chosen = context.random.permutation(rois.length / 5, cfg.max_num_grid ?? 192);
    const some = takeRois(rois, chosen);
    const order = this.gridPooler.order(some);
    const rows = order.map((i) => chosen[i]);
    const points = this.gridHead.forward(this.gridPooler.forward(features, takeRois(some, order)));
    const targets = this.gridHead.targets(takeBoxes(joinArrays(boxes), rows), takeBoxes(truths, rows), cfg.pos_radius);
    return { loss_grid: this.gridHead.loss(points, targets) };
  }

  protected override predictBoxes(
    features: tf.Tensor4D[],
    proposals: Proposals[],
    batch: DetBatch,
    rescale: boolean,
  ): Detections[] {
    const found = super.predictBoxes(features, proposals, batch, false);
    const rois = roisOf(found.map(({ bboxes }) => bboxes));
    if (rois.length === 0) return found;
    const order = this.gridPooler.order(rois);
    const { scores, positions } = this.gridHead.best(this.gridPooler.forward(features, takeRois(rois, order)));
    const [ofRois, at] = [unpermute(scores, order), unpermute(positions, order)];
    const { numPoints } = this.gridHead;
    let start = 0;
    return found.map((ofImage, i) => {
      const end = start + ofImage.labels.length * numPoints;
      const { imgShape, scaleFactor } = batch.samples[i].meta;
      let bboxes = this.gridHead.boxes(ofImage.bboxes, ofRois.subarray(start, end), at.subarray(start, end), imgShape);
      if (rescale) bboxes = bboxes.map((v, k) => v / Math.fround(scaleFactor[k & 1]));
      start = end;
      return { ...ofImage, bboxes };
    });
  }

  override forward(features: tf.Tensor4D[], proposals: Proposals[]): RoIOutputs {
    const first = roisOf(proposals.map(({ bboxes }) => bboxes)).subarray(0, 500);
    if (first.length > 0) this.gridHead.forward(this.gridPooler.forward(features, first));
    return super.forward(features, proposals);
  }

  override get parts(): RoIHeadParts {
    const { gridHead, gridPooler: pooler } = this;
    const refine = (pooled: tf.Tensor4D, boxes: tf.Tensor2D) => gridHead.boxTensors(pooled, boxes);
    return { ...super.parts, boxes: { pooler, refine } };
  }
}

/** Boxes moved and resized at random, within the image. */
function jittered(boxes: Float32Array, [height, width]: readonly [number, number], random: Random): Float32Array {
  const f = Math.fround;
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const offsets = Float32Array.from({ length: 4 }, () => random.uniform(-JITTER, JITTER));
    for (const axis of [0, 1]) {
      const [low, high] = [boxes[i + axis], boxes[i + axis + 2]];
      const size = f(Math.abs(f(high - low)));
      const center = f(f(f(high + low) / 2) + f(size * offsets[axis]));
      const half = f(f(size * f(1 + offsets[axis + 2])) / 2);
      const limit = (axis === 0 ? width : height) - 1;
      out[i + axis] = Math.min(Math.max(center - half, 0), limit);
      out[i + axis + 2] = Math.min(Math.max(center + half, 0), limit);
    }
  }
  return out;
}

export const gridRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'GridRoIHead',
  summary: 'Second stage of Grid R-CNN: boxes from a grid of points in each RoI',
  paper: 'Lu et al., Grid R-CNN, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'GridRoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead', with_reg: false },
  grid_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  grid_head: { type: 'GridHead', grid_points: 9 },
}`,
  options,
  build: (given, context) => new GridRoIHead(given, context),
});
