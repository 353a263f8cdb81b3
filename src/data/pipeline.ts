// A pipeline: the transforms of a config, run one after the other on a record. In a MultiImageMixDataset the first of them
// load single images, and those behind may put several into one.

import { type AnyDefinition, type ModuleConfig, Registry } from '../catalogue/registry';
import { DetLabError } from '../errors';
import type { Random } from '../random';
import { BadData } from './bad-data';
import { MIXING, TRANSFORMS } from './transforms';

import { type Companions, runSteps, type Sample, sampleOf, type Transform } from './transforms/sample';
import type { ImageRecord, PackedSample, PixelImage } from './types';

/** What a MultiImageMixDataset adds to its list of transforms. */
export interface PipelineOptions {
  /** So many of the first transforms are those of the data set inside, which load single images. */
  inner?: number;
  /** How often a transform behind them is tried again when it finds an image of no use. */
  maxRefetch?: number;
}

/** The data set around a sample, as the pipeline's step `step` may ask for it. */
export type Neighbourhood = (step: number, sample: Sample) => Omit<Companions, 'wrapped' | 'load'>;

export interface Pipeline {
  /** The config it was built from. */
  readonly config: readonly ModuleConfig[];
  readonly options: PipelineOptions;
  /** True when every transform is one of DetLab's own, so that a worker thread can build it again from `config`. */
  readonly portable: boolean;
  /** True when a transform may ask for other images of the data set. */
  readonly mixes: boolean;
  /** Runs the pipeline; `pixels`, when given, stand in for the record's file. */
  run(record: ImageRecord, random: Random, pixels?: PixelImage): Promise<PackedSample>;
  /**
   * Runs the steps before `until` (all when absent) with other images at hand.
   * @returns undefined where a transform found the image of no use
   */
  prepare(
    record: ImageRecord,
    random: Random,
    around?: { neighbourhood?: Neighbourhood; until?: number; pixels?: PixelImage },
  ): Promise<Sample | undefined>;
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
  options: PipelineOptions = {},
): Pipeline {
  const steps = config.map((step, i) => registry.build<Transform>('transform', step, { path: `${path}.${i}` }));
  const last = config.at(-1)?.type;
  if (!last || registry.get('transform', last).type !== 'PackDetInputs')
    throw new DetLabError(
      `Cannot build ${path}: expected PackDetInputs as the last transform, received "${last ?? 'nothing'}"`,
    );
  const { inner = 0, maxRefetch = 15 } = options;

  const prepare: Pipeline['prepare'] = async (record, random, { neighbourhood, until = steps.length, pixels } = {}) => {
    let sample: Sample | undefined = sampleOf(record);
    if (pixels) sample.image = pixels;
    for (let i = 0; i < until; i++) {
      if (neighbourhood) sample.companions = companions(neighbourhood(i, sample));
      sample = i < inner || inner === 0 ? await steps[i](sample, random) : await insist(steps[i], i, sample, random);
      if (!sample) return undefined;
    }
    return sample;
  };

  /** MultiImageMixDataset does not take another image, but runs the transform again. */
  async function insist(step: Transform, i: number, sample: Sample, random: Random): Promise<Sample> {
    for (let attempt = 0; attempt < maxRefetch; attempt++) {
      const found = await step(copyOf(sample), random);
      if (found) return found;
    }
    throw new DetLabError(
      `Cannot use ${path}.${i} on "${sample.record.path}": ${config[i].type} found it of no use ${maxRefetch} times`,
    );
  }

  function companions(around: Omit<Companions, 'wrapped' | 'load'>): Companions {
    const all: Companions = {
      ...around,
      wrapped: inner > 0,
      async load(index, random, chain = inner > 0 ? steps.slice(0, inner) : undefined) {
        if (!chain)
          throw new DetLabError(
            `Cannot use ${path}: it puts several images into one, but does not say how the others are loaded. ` +
              'Give the transform a pre_transform, or wrap the data set in a MultiImageMixDataset',
          );
        try {
          return await runSteps(chain, { ...sampleOf(around.record(index)), companions: all }, random);
        } catch (error) {
          if (error instanceof BadData) return undefined;
          throw error;
        }
      },
    };
    return all;
  }

  const own = new Map<string, AnyDefinition>(TRANSFORMS.map((definition) => [definition.type, definition]));
  return {
    config,
    options,
    portable: typesIn(config).every((type) => {
      const found = registry.find('transform', type);
      return !found || found === own.get(found.type);
    }),
    mixes: typesIn(config).some((type) => MIXING.has(type.slice(type.lastIndexOf('.') + 1))),
    prepare,
    async run(record, random, pixels) {
      return packedOf(await prepare(record, random, { pixels }), path, record);
    },
  };
}

/** What PackDetInputs made of a sample. */
export function packedOf(sample: Sample | undefined, path: string, record: ImageRecord): PackedSample {
  if (sample?.packed) return sample.packed;
  throw new DetLabError(
    sample
      ? `Cannot use ${path} on "${record.path}": PackDetInputs did not pack the sample`
      : `Cannot use ${path} on "${record.path}": a transform found the image of no use`,
  );
}

/** A sample that transforms may change without touching the other. */
export const copyOf = (sample: Sample): Sample => ({
  ...sample,
  meta: { ...sample.meta },
  truths: sample.truths && { ...sample.truths },
  proposals: sample.proposals && { ...sample.proposals },
});

/** Every type named in a list of transforms and in their options. */
function typesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(typesIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { type?: unknown }).type;
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(typesIn)];
}
