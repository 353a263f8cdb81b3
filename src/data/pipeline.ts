// A pipeline: the transforms of a config, run one after the other on a record.

import { DetLabError } from '../errors';
import type { Random } from '../random';
import { type AnyDefinition, type ModuleConfig, Registry } from '../registry';
import { TRANSFORMS } from './transforms';
import { sampleOf, type Transform } from './transforms/sample';
import type { ImageRecord, PackedSample, PixelImage } from './types';

export interface Pipeline {
  /** The config it was built from. */
  readonly config: readonly ModuleConfig[];
  /** True when every transform is one of DetLab's own, so that a worker thread can build it again from `config`. */
  readonly portable: boolean;
  /** Runs the pipeline; `pixels`, when given, stand in for the record's file. */
  run(record: ImageRecord, random: Random, pixels?: PixelImage): Promise<PackedSample>;
}

/**
 * Builds the transforms of `config` in order; the last one must be PackDetInputs.
 *
 * @throws DetLabError naming the step (`pipeline.2`) for an unknown transform or option.
 * @example buildPipeline([{ type: 'LoadImageFromFile' }, { type: 'PackDetInputs' }])
 */
export function buildPipeline(
  config: readonly ModuleConfig[],
  registry: Registry = new Registry(TRANSFORMS),
  path = 'pipeline',
): Pipeline {
  const steps = config.map((step, i) => registry.build<Transform>('transform', step, { path: `${path}.${i}` }));
  if (config.at(-1)?.type !== 'PackDetInputs')
    throw new DetLabError(
      `Cannot build ${path}: expected PackDetInputs as the last transform, received "${config.at(-1)?.type ?? 'nothing'}"`,
    );
  const own = new Map<string, AnyDefinition>(TRANSFORMS.map((definition) => [definition.type, definition]));
  return {
    config,
    portable: config.every(({ type }) => registry.get('transform', type) === own.get(type)),
    async run(record, random, pixels) {
      let sample = sampleOf(record);
      if (pixels) sample.image = pixels;
      for (const step of steps) sample = await step(sample, random);
      if (!sample.packed)
        throw new DetLabError(`Cannot use ${path} on "${record.path}": PackDetInputs did not pack the sample`);
      return sample.packed;
    },
  };
}
