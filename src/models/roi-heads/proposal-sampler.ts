// Assigns ground truth to the proposals of one stage and samples them for its losses, as `train_cfg.rcnn` says.

import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import {
  type Assigner,
  type AssignInput,
  buildAssigner,
  buildSampler,
  type PerSampleLoss,
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
  debug: z.boolean().default(false).describe('Accepted and without effect'),
});
export type RCNNTrainCfg = z.output<typeof rcnnTrainCfg>;

/** `init_cfg` of an RoI head, whose parts initialise themselves. */
export const partsInitCfg = initCfg.nullish().describe('No effect: the parts have an init_cfg each');

export class ProposalSampler {
  private readonly assigner: Assigner;
  private readonly sampler: Sampler;

  constructor(
    readonly cfg: RCNNTrainCfg,
    { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
    /** Class name of the RoI head. */
    head: string,
  ) {
    const at = (name: string) => ({ registry, path: `${path}.${name}` });
    this.assigner = buildAssigner(cfg.assigner, at('assigner'), { head, priors: 'boxes' });
    this.sampler = buildSampler(cfg.sampler, at('sampler'), { head, assigner: this.assigner, perSampleLoss: true });
  }

  /** The proposals of one image that are sampled, with their ground truth. */
  sample(
    input: Pick<AssignInput, 'priors' | 'instances' | 'imgShape' | 'random' | 'epoch'>,
    perSampleLoss: PerSampleLoss,
  ): SamplingResult {
    const assigned = this.assigner.assign({ ...input, levels: [input.priors.length / 4] });
    return this.sampler.sample({ ...input, assigned, perSampleLoss });
  }
}
