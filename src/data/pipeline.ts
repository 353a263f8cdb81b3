// A pipeline: the transforms of a config, applied to a record in order. In a MultiImageMixDataset the first of them are the
// inner dataset's and load single images; the transforms after them may mix several images.

import { type AnyDefinition, type ModuleConfig, Registry } from '../catalogue/registry';
import { DetLabError } from '../errors';
import { firstNonFinite } from '../geometry/boxes';
import type { Random } from '../random';
import { BadData } from './bad-data';
import { keepPixels, returnPixels } from './pixels/pixel-pool';
import { MULTI_IMAGE, TRANSFORMS } from './transforms';
import { requireKeypointSteps } from './transforms/keypoint-steps';
import { neededSize, RESIZING } from './transforms/needed-size';
import { copyOf, type OtherImages, runSteps, type Sample, sampleOf, type Transform } from './transforms/sample';
import { requireBroadcasting } from './transforms/uniform-ref-frame-sample';
import type { ImageRecord, PackedSample, PixelImage, Pixels } from './types';

/** What a MultiImageMixDataset adds to its list of transforms. */
export interface PipelineOptions {
  /** Number of leading transforms that are the inner dataset's and load single images. */
  inner?: number;
  /** How often a transform after them is retried when it discards the sample. */
  maxRefetch?: number;
}

/** Gives step `step` of a pipeline access to the rest of the dataset. */
export type SampleContext = (step: number, sample: Sample) => Omit<OtherImages, 'wrapped' | 'load'>;

export interface Pipeline {
  /** The config it was built from. */
  readonly config: readonly ModuleConfig[];
  readonly options: PipelineOptions;
  /** True when every transform is built in, so that a worker thread can rebuild it from `config`. */
  readonly portable: boolean;
  /** True when a transform may load other images of the dataset. */
  readonly usesOtherImages: boolean;
  /** Runs the pipeline; `pixels`, when given, replace the record's file. */
  run(record: ImageRecord, random: Random, pixels?: PixelImage): Promise<PackedSample>;
  /**
   * Runs the steps before `until` (default: all), with access to other images.
   * @returns undefined when a transform discards the sample
   */
  prepare(
    record: ImageRecord,
    random: Random,
    options?: { context?: SampleContext; until?: number; pixels?: PixelImage },
  ): Promise<Sample | undefined>;
  /** Runs step `i` alone; undefined when it discards the sample. */
  step(i: number, sample: Sample, random: Random, context?: SampleContext): Promise<Sample | undefined>;
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
  const steps = config.map((step, i) =>
    loading(config, i, registry.build('transform', step, { path: `${path}.${i}` })),
  );
  requireReducible(config, path);
  requirePacking(config, registry, path);
  requireBroadcasting(config, path);
  requireKeypointSteps(config, registry, TRANSFORMS, path);
  const { inner = 0, maxRefetch = 15 } = options;
  const portable = hasOnlyBuiltIn(config, registry);

  const prepare: Pipeline['prepare'] = async (record, random, { context, until = steps.length, pixels } = {}) => {
    let sample: Sample | undefined = sampleOf(record);
    if (pixels) sample.image = pixels;
    for (let i = 0; i < until; i++) {
      const before: Pixels | undefined = sample.image?.data;
      sample = await step(i, sample, random, context);
      if (!sample) return undefined;
      // a transform of the user may have kept them
      if (portable && before && sample.image?.data.buffer !== before.buffer) returnPixels(before);
    }
    return sample;
  };

  const step: Pipeline['step'] = async (i, sample, random, context) => {
    if (context) sample.otherImages = otherImagesFor(context(i, sample));
    return i < inner || inner === 0 ? steps[i](sample, random) : retry(steps[i], i, sample, random);
  };

  /** As MultiImageMixDataset, retries the transform instead of loading another image. */
  async function retry(step: Transform, i: number, sample: Sample, random: Random): Promise<Sample> {
    for (let attempt = 0; attempt < maxRefetch; attempt++) {
      const result = await step(copyOf(sample), random);
      if (result) return result;
    }
    throw new DetLabError(
      `Cannot use ${path}.${i} on "${sample.record.path}": ${config[i].type} discarded it ${maxRefetch} times`,
    );
  }

  function otherImagesFor(dataset: Omit<OtherImages, 'wrapped' | 'load'>): OtherImages {
    const all: OtherImages = {
      ...dataset,
      wrapped: inner > 0,
      async load(index, random, chain = inner > 0 ? steps.slice(0, inner) : undefined) {
        if (!chain)
          throw new DetLabError(
            `Cannot use ${path}: it mixes several images, but nothing defines how the others are loaded. ` +
              'Give the transform a pre_transform, or wrap the dataset in a MultiImageMixDataset',
          );
        try {
          const loaded = await runSteps(chain, { ...sampleOf(dataset.record(index)), otherImages: all }, random);
          if (!portable && loaded?.image) keepPixels(loaded.image.data);
          return loaded;
        } catch (error) {
          if (error instanceof BadData) return undefined;
          throw error;
        }
      },
    };
    return all;
  }

  return {
    config,
    options,
    portable,
    usesOtherImages: typesIn(config).some((type) => MULTI_IMAGE.has(type.slice(type.lastIndexOf('.') + 1))),
    prepare,
    step,
    async run(record, random, pixels) {
      return packedOf(await prepare(record, random, { pixels }), path, record);
    },
  };
}

const PACKING = ['PackDetInputs', 'PackTrackInputs', 'PackReIDInputs', 'MultiBranch'];

function requirePacking(config: readonly ModuleConfig[], registry: Registry, path: string): void {
  const last = config.at(-1)?.type;
  if (!last)
    throw new DetLabError(
      `Cannot build ${path}: the config has no transforms there. Write them, PackDetInputs last, or use a config that ` +
        `inherits its data; \`detlab configs\` lists them`,
    );
  if (!PACKING.includes(registry.get('transform', last).type))
    throw new DetLabError(`Cannot build ${path}: expected PackDetInputs as the last transform, received "${last}"`);
}

/** A step that knows what the steps after it need of the image that it loads. */
function loading(config: readonly ModuleConfig[], at: number, step: Transform): Transform {
  const needed = config[at].shrink_on_load === true ? neededSize(config, at) : undefined;
  return needed ? (sample, random) => step(Object.assign(sample, { needed }), random) : step;
}

/** @throws DetLabError for an image to be loaded smaller that no next step resizes */
function requireReducible(config: readonly ModuleConfig[], path: string): void {
  const refuse = (where: string): never => {
    throw new DetLabError(
      `Cannot build ${where}: expected a step that resizes right after LoadImageFromFile with shrink_on_load: true and the ` +
        `loading of annotations (${RESIZING.join(', ')}), received none. Leave shrink_on_load out`,
    );
  };
  const search = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if ((value as { shrink_on_load?: unknown }).shrink_on_load === true) refuse(where);
    for (const [key, inner] of Object.entries(value)) search(inner, `${where}.${key}`);
  };
  for (const [i, { shrink_on_load, ...options }] of config.entries()) {
    if (shrink_on_load === true && !neededSize(config, i)) refuse(`${path}.${i}`);
    search(options, `${path}.${i}`);
  }
}

function hasOnlyBuiltIn(config: readonly ModuleConfig[], registry: Registry): boolean {
  const builtIn = new Map<string, AnyDefinition>(TRANSFORMS.map((definition) => [definition.type, definition]));
  return typesIn(config).every((type) => {
    const definition = registry.find('transform', type);
    return !definition || definition === builtIn.get(definition.type);
  });
}

/** The output of PackDetInputs. */
export function packedOf(sample: Sample | undefined, path: string, record: ImageRecord): PackedSample {
  if (sample?.packed) {
    for (const other of sample.packed.clip?.others ?? []) withFiniteBoxes(other, record);
    for (const view of Object.values(sample.packed.branches ?? {})) withFiniteBoxes(view, record);
    return withFiniteBoxes(sample.packed, record);
  }
  throw new DetLabError(
    sample
      ? `Cannot use ${path} on "${record.path}": PackDetInputs did not pack the sample`
      : `Cannot use ${path} on "${record.path}": a transform discarded the sample`,
  );
}

/** @throws BadData for a box that the file or a transform left without finite coordinates: it would match nothing or everything. */
function withFiniteBoxes(packed: PackedSample, { path, id }: ImageRecord): PackedSample {
  const { bboxes } = packed.truths;
  const bad = firstNonFinite(bboxes);
  if (bad < 0) return packed;
  const message = `Cannot use "${path}": box ${bad} is [${bboxes.subarray(4 * bad, 4 * bad + 4).join(', ')}] after the pipeline`;
  throw new BadData({ kind: 'bad-annotation', file: path, id, message });
}

/** Every `type` in a list of transforms and in their options. */
function typesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(typesIn);
  if (typeof value !== 'object' || value === null) return [];
  const { type } = value as { type?: unknown };
  return [...(typeof type === 'string' ? [type] : []), ...Object.values(value).flatMap(typesIn)];
}
