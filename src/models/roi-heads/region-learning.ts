// How a head on regions learns: `train_cfg.rcnn` (of one stage), and the sampling it asks for.

import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import type { Random } from '../../random';
import type { Assigner, Hardness, Instances, Sampler, SamplingResult } from '../task-modules';

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
  ) {
    this.assigner = registry.build<Assigner>('assigner', cfg.assigner, { path: `${path}.assigner` });
    this.sampler = registry.build('sampler', cfg.sampler, { path: `${path}.sampler` });
  }

  /** The proposals of one image (flat xyxy) that learn, and what. */
  sample(bboxes: Float32Array, instances: Instances, random: Random, hardness: Hardness): SamplingResult {
    return this.sampler.sample(this.assigner.assign(bboxes, instances, random), bboxes, instances, random, hardness);
  }
}
