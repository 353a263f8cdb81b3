// The pooling layers of an extractor, one for each level it reads: those that learn have weights for each, as in the reference.

import type { BuildContext, ModuleConfig } from '../../../catalogue/registry';
import { Module, ModuleList } from '../../../nn';
import type { FeatureSpec } from '../../types';
import type { RoILayer } from '../types';

/** @param channels of every level, or those of each where they are known */
export function buildRoILayers(
  config: ModuleConfig,
  strides: readonly number[],
  channels: number | readonly FeatureSpec[] | undefined,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
): RoILayer[] {
  const build = (level: number): RoILayer => {
    const ofLevel = typeof channels === 'number' ? channels : channels?.[level].channels;
    const inputs = ofLevel === undefined ? undefined : [{ channels: ofLevel, stride: strides[level] }];
    return registry.build('roi_layer', config, { path: `${path}.roi_layer`, inputs });
  };
  const first = build(0);
  return strides.map((_, level) => (level > 0 && first instanceof Module ? build(level) : first));
}

/** Those that have weights, as a child of the extractor. */
export function learnedLayers(layers: readonly RoILayer[]): ModuleList<Module> | undefined {
  const learned = layers.filter((layer) => layer instanceof Module);
  return learned.length > 0 ? new ModuleList<Module>(learned) : undefined;
}
