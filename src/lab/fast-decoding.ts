// `fit(data, { fastDecoding: true })`: images of the training pipelines are decoded no larger than they are used.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { neededSize, RESIZING } from '../data/transforms/needed-size';
import { DetLabError } from '../errors';

/** What is said of it at the start of a run. */
export const FAST_DECODING =
  'fast decoding: JPEGs are decoded at 1/2, 1/4 or 1/8 where the pipeline shrinks them further; their pixel values are not those of a ' +
  'whole decoding';

const PIPELINES = new Set(['pipeline', 'switch_pipeline', 'train_pipeline']);
const isLoading = ({ type }: ModuleConfig): boolean => /(^|\.)LoadImageFromFile$/.test(type);

/**
 * The config with `shrink_on_load: true` wherever a training pipeline resizes what it has just loaded.
 *
 * @throws DetLabError where none does
 */
export function withFastDecoding(config: ConfigObject): ConfigObject {
  let changed = 0;
  const pipeline = (steps: unknown[]): unknown[] =>
    steps.map((step, i) => {
      const isStep = typeof step === 'object' && step !== null && 'type' in step;
      if (!isStep || !isLoading(step as ModuleConfig) || !neededSize(steps as ModuleConfig[], i)) return step;
      changed++;
      return { ...step, shrink_on_load: true };
    });
  const walk = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return PIPELINES.has(key) ? pipeline(value) : value.map((inner) => walk(inner, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner, name)]));
  };
  const { train_dataloader, custom_hooks } = config;
  const fast = {
    ...config,
    ...(train_dataloader !== undefined && { train_dataloader: walk(train_dataloader) }),
    ...(custom_hooks !== undefined && { custom_hooks: walk(custom_hooks) }),
  } as ConfigObject;
  if (changed === 0)
    throw new DetLabError(
      'Cannot use fastDecoding: expected a training pipeline with LoadImageFromFile and then, after the annotations, one of ' +
        `${RESIZING.join(', ')}, received none. Leave fastDecoding out`,
    );
  return fast;
}
