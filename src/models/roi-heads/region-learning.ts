// How a head on regions learns: `train_cfg.rcnn` (of one stage), and the sampling it asks for.

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

export const regionTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Which proposal learns which truth'),
  sampler: moduleOption('sampler').describe('Which proposals take part'),
  mask_size: z
    .union([side, z.tuple([side, side])])
    .optional()
    .describe('Size of a mask target, or [height, width]; with a mask_head'),
  soft_mask_target: z.boolean().default(false).describe('Mask targets are averages, not cut at one half'),
  pos_weight: z.number().default(-1).describe('Weight of positives in the classification loss; 1 unless above 0'),
  debug: z.boolean().default(false).describe("Accepted for MMDetection's sake, without effect"),
});
export type RegionTrainCfg = z.output<typeof regionTrainCfg>;

/** `init_cfg` of a head that has nothing to initialise beside its parts. */
export const partsInitCfg = initCfg.nullish().describe('Nothing to initialise beside the parts');

export class RegionLearning {
  private readonly assigner: Assigner;
  private readonly sampler: Sampler;

  constructor(
    readonly cfg: RegionTrainCfg,
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
