// DynamicRoIHead: the IoU from which proposals are positive rises, and beta of SmoothL1Loss falls, as proposals become better
// (Zhang et al., Dynamic R-CNN, ECCV 2020). Both start anew when a run is resumed, as in the reference.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { sumOverRanks } from '../../ops/over-ranks';
import { SmoothL1Loss } from '../losses';
import { MaxIoUAssigner, type SamplingResult } from '../task-modules';
import { BBoxHead } from './bbox-heads/bbox-head';
import { BBoxStage, type StageResult } from './bbox-stage';
import { type ProposalSampler, rcnnTrainCfg, relativesTrainCfg } from './proposal-sampler';
import type { RoIPooler } from './roi-pooler';
import { StandardRoIHead, standardOptions } from './standard-roi-head';
import type { BoxHead } from './types';

const options = z.strictObject({
  ...standardOptions,
  train_cfg: rcnnTrainCfg
    .extend({ dynamic_rcnn: relativesTrainCfg.dynamic_rcnn })
    .nullish()
    .describe('Training settings, passed down by the detector'),
});
type Options = z.output<typeof options>;
type DynamicCfg = z.output<typeof relativesTrainCfg.dynamic_rcnn>;

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The value of this rank (from 1) among `values`, or the last one. */
const ranked = (values: Float32Array, rank: number) => values[Math.min(rank, values.length) - 1];

class DynamicStage extends BBoxStage {
  private ious: number[] = [];
  private betas: number[] = [];

  constructor(
    pooler: RoIPooler,
    head: BoxHead,
    sampler: ProposalSampler,
    private readonly cfg: DynamicCfg,
    private readonly assigner: MaxIoUAssigner,
    private readonly lossBbox: SmoothL1Loss,
  ) {
    super(pooler, head, sampler);
  }

  override loss(features: tf.Tensor4D[], sampled: SamplingResult[]): StageResult {
    const result = super.loss(features, sampled);
    if (this.head.training) this.record(result);
    return result;
  }

  private record({ sampled, targets: { boxes } }: StageResult): void {
    const { iou_topk, beta_topk, update_iter_interval } = this.cfg;
    const ofImage = sampled.map(({ maxOverlaps }) => ranked(maxOverlaps.slice().sort().reverse(), iou_topk) ?? 0);
    const ranks = sumOverRanks(1);
    this.ious.push(sumOverRanks(mean(ofImage)) / ranks);
    // mean size of the shift of each positive, in units of the coder
    const shifts = Float32Array.from({ length: boxes.length / 4 }, (_, i) =>
      Math.fround((Math.abs(boxes[4 * i]) + Math.abs(boxes[4 * i + 1])) / 2),
    ).sort();
    const withPositives = sumOverRanks(shifts.length > 0 ? 1 : 0);
    const beta = sumOverRanks(shifts.length > 0 ? ranked(shifts, beta_topk * sampled.length) : 0);
    if (withPositives > 0) this.betas.push(beta / withPositives);
    if (this.ious.length % update_iter_interval === 0) this.update();
  }

  private update(): void {
    const { initial_iou, initial_beta } = this.cfg;
    this.assigner.separateAt(Math.max(initial_iou, mean(this.ious)));
    if (this.betas.length > 0 && median(this.betas) >= 1e-15)
      this.lossBbox.beta = Math.min(initial_beta, median(this.betas));
    this.ious = [];
    this.betas = [];
  }
}

export class DynamicRoIHead extends StandardRoIHead<Options> {
  constructor(config: Options, context: BuildContext) {
    super(config, context);
    if (this.bboxHead instanceof BBoxHead && this.bboxHead.lossBbox instanceof SmoothL1Loss) return;
    throw new DetLabError(
      `Cannot build DynamicRoIHead at ${context.path}: expected a bbox_head with loss_bbox SmoothL1Loss, whose beta it sets`,
    );
  }

  protected override createStage(pooler: RoIPooler, head: BoxHead, sampler: ProposalSampler | undefined): BBoxStage {
    const { lossBbox } = head as BoxHead & { lossBbox?: unknown };
    const { train_cfg: cfg } = this.config;
    if (!sampler || !cfg || !(lossBbox instanceof SmoothL1Loss)) return super.createStage(pooler, head, sampler);
    const { assigner } = sampler;
    if (!(assigner instanceof MaxIoUAssigner))
      throw new DetLabError(
        `Cannot build DynamicRoIHead: expected train_cfg.rcnn.assigner MaxIoUAssigner, received "${cfg.assigner.type}"`,
      );
    return new DynamicStage(pooler, head, sampler, cfg.dynamic_rcnn, assigner, lossBbox);
  }
}

export const dynamicRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'DynamicRoIHead',
  summary: 'Second stage of Dynamic R-CNN: the IoU threshold and the box loss follow the quality of the proposals',
  paper: 'Zhang et al., Dynamic R-CNN, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'DynamicRoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead', loss_bbox: { type: 'SmoothL1Loss', beta: 1 } },
}`,
  options,
  build: (given, context) => new DynamicRoIHead(given, context),
});
