// Builds the sampler of a head, and refuses one that needs what neither the head nor its assigner gives.

import type { BuildContext, ModuleConfig } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { fitting } from '../prior-forms';
import type { Assigner, Sampler, SamplerNeed } from '../types';

/** What a head and its assigner offer a sampler. */
export interface SamplerOffer {
  /** Class name, for messages. */
  head: string;
  assigner: Pick<Assigner, 'gives'>;
  /** Whether the head computes the loss of each sample. */
  perSampleLoss?: boolean;
  /** Whether it predicts classes and boxes of them. */
  predictSamples?: boolean;
  /** Whether several objects are assigned to a prior. */
  several?: boolean;
}

const NEEDS: Record<SamplerNeed, string> = {
  perSampleLoss: 'the classification loss of each sample, which RoI heads compute (train_cfg.rcnn)',
  predictSamples: 'the predictions of each sample, which RoI heads compute (train_cfg.rcnn)',
  maxOverlaps: 'the overlaps of the assigner',
  several: 'several objects of each prior (MultiInstanceAssigner)',
};

/** @throws DetLabError that names both sides and the samplers that fit. */
export function buildSampler(
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
  offer: SamplerOffer,
): Sampler {
  const sampler = registry.build('sampler', config, { path });
  const missing = missingOf(sampler, offer);
  if (missing.length === 0) return sampler;
  const { type } = registry.get('sampler', config.type);
  const types = registry
    .contracts('sampler')
    .flatMap(([name, other]) => (missingOf(other, offer).length === 0 ? [name] : []));
  throw new DetLabError(
    `Cannot use ${type} in ${offer.head} at ${path}: ${type} needs ${missing.map((need) => NEEDS[need]).join(' and ')}, ` +
      `${offer.head} gives none. ${fitting('Samplers', offer.head, types)}`,
  );
}

function missingOf({ needs }: Pick<Sampler, 'needs'>, offer: SamplerOffer): SamplerNeed[] {
  const has = {
    perSampleLoss: offer.perSampleLoss === true,
    predictSamples: offer.predictSamples === true,
    maxOverlaps: offer.assigner.gives.includes('maxOverlaps'),
    several: offer.several === true,
  };
  return needs.filter((need) => !has[need]);
}
