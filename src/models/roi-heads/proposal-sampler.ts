// Assigns ground truth to the proposals of one stage and samples them for its losses, as `train_cfg.rcnn` says.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import {
  type Assigner,
  type AssignInput,
  buildAssigner,
  buildSampler,
  type SampleInput,
  type Sampler,
  type SamplingResult,
} from '../task-modules';

const side = z.number().int().positive();

export const rcnnTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to proposals'),
  sampler: moduleOption('sampler').describe('Samples positive and negative proposals for the losses'),
  mask_size: z
    .union([side, z.tuple([side, side])])
    .optional()
    .describe('Size of the mask targets, or [height, width]; needed with a mask_head'),
  soft_mask_target: z.boolean().default(false).describe('Mask targets stay fractions in place of being cut at 0.5'),
  pos_weight: z.number().default(-1).describe('Weight of positives in the classification loss; 1 unless above 0'),
  debug: ignoredOption('nothing reads it in MMDetection either', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
});
export type RCNNTrainCfg = z.output<typeof rcnnTrainCfg>;

const whole = z.number().int().positive();
const mapping = (k: number, bias: number) => ({
  k: z.number().default(k).describe('Power of the mapping from importance to weight'),
  bias: z.number().default(bias).describe('Weight of a sample without importance'),
});
/** What some heads read of `train_cfg.rcnn` besides; each of them has its parts among its options. */
export const relativesTrainCfg = {
  mask_thr_binary: z
    .number()
    .describe('MaskScoringRoIHead: logit from which a pixel of a predicted mask counts for its IoU'),
  isr: z
    .strictObject(mapping(2, 0))
    .nullish()
    .describe('PISARoIHead: positives are weighted by the rank of their IoU (ISR-P)'),
  carl: z
    .strictObject(mapping(1, 0.2))
    .nullish()
    .describe('PISARoIHead: classification-aware regression loss, whose gradient reaches the scores'),
  dynamic_rcnn: z
    .strictObject({
      iou_topk: whole.describe('The IoU of this rank among the proposals of an image is recorded'),
      beta_topk: whole.describe('The box target of this rank per image, from the smallest, is recorded'),
      update_iter_interval: whole.describe('Iterations between updates'),
      initial_iou: z.number().describe('Lower bound of the IoU threshold'),
      initial_beta: z.number().positive().describe('Upper bound of beta of SmoothL1Loss'),
    })
    .describe('DynamicRoIHead: how thresholds and beta follow the training'),
  pos_radius: z.number().int().min(0).describe('GridRoIHead: radius of a grid point in its heatmap, in pixels'),
  max_num_grid: whole
    .optional()
    .describe('GridRoIHead: positives of a batch that learn grid points, at most; 192 when absent'),
  num_points: whole.describe('PointRendRoIHead: points of each mask that are learned'),
  oversample_ratio: z.number().min(1).describe('PointRendRoIHead: points drawn at random over those that are learned'),
  importance_sample_ratio: z
    .number()
    .min(0)
    .max(1)
    .describe('PointRendRoIHead: share of the points that are chosen by their uncertainty'),
};
/** All that any RoI head reads: which keys a head does not know is checked when the head is. */
export const anyRcnnTrainCfg = rcnnTrainCfg.extend(z.strictObject(relativesTrainCfg).partial().shape);

/** `init_cfg` of an RoI head, whose parts initialise themselves. */
export const partsInitCfg = ignoredOption('the parts have an init_cfg each', { schema: initCfg.nullish(), lost: true });

export class ProposalSampler {
  readonly assigner: Assigner;
  private readonly sampler: Sampler;

  constructor(
    readonly cfg: RCNNTrainCfg,
    { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
    /** Class name of the RoI head. */
    head: string,
    /** Whether it predicts several objects of each proposal. */
    several = false,
  ) {
    const at = (name: string) => ({ registry, path: `${path}.${name}` });
    this.assigner = buildAssigner(cfg.assigner, at('assigner'), { head, priors: 'boxes', several });
    const offer = { head, assigner: this.assigner, perSampleLoss: !several, predictSamples: !several, several };
    this.sampler = buildSampler(cfg.sampler, at('sampler'), offer);
  }

  /** The proposals of one image that are sampled, with their ground truth. */
  sample(
    input: Pick<AssignInput, 'priors' | 'instances' | 'imgShape' | 'random' | 'epoch'>,
    predictions: Required<Pick<SampleInput, 'perSampleLoss' | 'predictSamples'>>,
  ): SamplingResult {
    const assigned = this.assigner.assign({ ...input, levels: [input.priors.length / 4] });
    return this.sampler.sample({ ...input, assigned, ...predictions });
  }
}
