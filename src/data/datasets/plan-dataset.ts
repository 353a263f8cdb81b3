// The training plan of a dataset config, independent of the images: pipeline, filters, and the repetition and balancing of
// its wrappers.

import { isDeepStrictEqual } from 'node:util';
import { type AnyDefinition, type ModuleConfig, parseOptions } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { PipelineOptions } from '../pipeline';
import type { DataProblem, ImageRecord } from '../types';
import { filterRecords } from './filter-records';
import { repeatCounts } from './repeat-counts';
import { ClassBalancedDataset, ConcatDataset, MultiImageMixDataset, RepeatDataset, WRAPPERS } from './wrappers';

export interface DatasetPlan {
  pipeline: ModuleConfig[];
  options: PipelineOptions;
  /** The images of an epoch. Images dropped for lack of ground truth are reported. */
  arrange(records: ImageRecord[], problems: DataProblem[]): ImageRecord[];
}

const bare = (type: unknown): string => String(type).slice(String(type).lastIndexOf('.') + 1);
const optionsOf = <T>(definition: AnyDefinition, config: ModuleConfig, path: string): T => {
  const { type: _, _scope_, ...rest } = config;
  return parseOptions(definition, rest, path) as T;
};

/**
 * @param skip types of transforms to skip (of a MultiImageMixDataset)
 * @throws DetLabError for datasets that cannot be combined
 */
export function planDataset(config: ModuleConfig, path: string, skip: readonly string[] = []): DatasetPlan {
  switch (bare(config.type)) {
    case 'ConcatDataset': {
      const { datasets } = optionsOf<{ datasets: ModuleConfig[] }>(ConcatDataset, config, path);
      const [first, ...others] = datasets.map((dataset, i) => planDataset(dataset, `${path}.datasets.${i}`, skip));
      for (const [i, other] of others.entries())
        if (!isDeepStrictEqual([other.pipeline, other.options], [first.pipeline, first.options]))
          throw new DetLabError(
            `Cannot train on ${path}: expected one pipeline for all datasets, datasets.${i + 1} differs from datasets.0. Give all the same`,
          );
      checkArrangements(datasets, path);
      return first;
    }
    case 'RepeatDataset': {
      const { dataset, times } = optionsOf<{ dataset: ModuleConfig; times: number }>(RepeatDataset, config, path);
      const plan = planDataset(dataset, `${path}.dataset`, skip);
      return {
        ...plan,
        arrange(records, problems) {
          const once = plan.arrange(records, problems);
          return Array.from({ length: times * once.length }, (_, i) => once[i % once.length]);
        },
      };
    }
    case 'ClassBalancedDataset': {
      const o = optionsOf<{ dataset: ModuleConfig; oversample_thr: number }>(ClassBalancedDataset, config, path);
      const plan = planDataset(o.dataset, `${path}.dataset`, skip);
      return { ...plan, arrange: (records, problems) => balanced(plan.arrange(records, problems), o.oversample_thr) };
    }
    case 'MultiImageMixDataset': {
      const o = optionsOf<{
        dataset: ModuleConfig;
        pipeline: ModuleConfig[];
        skip_type_keys?: string[] | null;
        max_refetch: number;
      }>(MultiImageMixDataset, config, path);
      const plan = planDataset(o.dataset, `${path}.dataset`);
      if (plan.options.inner)
        throw new DetLabError(`Cannot train on ${path}: a MultiImageMixDataset wraps another one. Keep one of them`);
      const skipped = new Set([...skip, ...(o.skip_type_keys ?? [])]);
      const outer = o.pipeline.filter(({ type }) => !skipped.has(type));
      return {
        ...plan,
        pipeline: [...plan.pipeline, ...outer],
        options: { inner: plan.pipeline.length, maxRefetch: o.max_refetch },
      };
    }
    default:
      return single(config, path, skip);
  }
}

/**
 * The parts of a ConcatDataset are arranged together.
 * @throws DetLabError when they are to be filtered, repeated or balanced each in its own way
 */
function checkArrangements(datasets: readonly ModuleConfig[], path: string): void {
  const [first, ...others] = datasets.map(arrangementOf);
  for (const [i, other] of others.entries())
    if (!isDeepStrictEqual(other, first))
      throw new DetLabError(
        `Cannot train on ${path}: expected all of its datasets to be filtered and repeated alike, datasets.${i + 1} differs from datasets.0. ` +
          'Give all the same filter_cfg, and put the ConcatDataset inside the wrapper',
      );
  if (JSON.stringify(first).includes('ClassBalancedDataset'))
    throw new DetLabError(
      `Cannot train on ${path}: it would balance the classes of each dataset for itself. Put the ConcatDataset inside the ClassBalancedDataset`,
    );
}

/** Wrappers and filters of a dataset, without its files. */
function arrangementOf(config: ModuleConfig): unknown {
  const { type, times, oversample_thr: threshold, dataset, filter_cfg: filter, test_mode: isTest } = config;
  if (dataset) return [bare(type), times, threshold, arrangementOf(dataset as ModuleConfig)];
  const { filter_empty_gt: filterEmpty = false, min_size: minSize = 0 } = ((isTest === true ? null : filter) ??
    {}) as Record<string, unknown>;
  return [filterEmpty, minSize];
}

function single(config: ModuleConfig, path: string, skip: readonly string[]): DatasetPlan {
  if (skip.length > 0)
    throw new DetLabError(
      `Cannot skip ${skip.join(', ')} at ${path}: expected a MultiImageMixDataset, received "${config.type}". ` +
        'Use PipelineSwitchHook instead of YOLOXModeSwitchHook',
    );
  const filter = ((config.test_mode === true ? undefined : config.filter_cfg) ?? {}) as {
    filter_empty_gt?: unknown;
    min_size?: unknown;
  };
  const rules = {
    filterEmpty: filter.filter_empty_gt === true,
    filterIgnored: bare(config.type) === 'CityscapesDataset',
    minSize: typeof filter.min_size === 'number' ? filter.min_size : 0,
  };
  return {
    pipeline: (Array.isArray(config.pipeline) ? config.pipeline : []) as ModuleConfig[],
    options: {},
    arrange: (records, problems) => filterRecords(records, rules, problems),
  };
}

function balanced(records: ImageRecord[], threshold: number): ImageRecord[] {
  const counts = repeatCounts(
    records.map(({ truths }) => new Set(truths.labels)),
    threshold,
  );
  return records.flatMap((record, i) => new Array<ImageRecord>(counts[i]).fill(record));
}

/** A dataset config with `change` applied to the datasets inside all wrappers. */
export function changeInnermost(config: ModuleConfig, change: (config: ModuleConfig) => ModuleConfig): ModuleConfig {
  if (!WRAPPERS.some(({ type }) => type === bare(config.type))) return change(config);
  const copy = { ...config };
  if (config.dataset) copy.dataset = changeInnermost(config.dataset as ModuleConfig, change);
  if (Array.isArray(config.datasets)) copy.datasets = config.datasets.map((inner) => changeInnermost(inner, change));
  return copy;
}
