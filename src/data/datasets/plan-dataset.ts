// What a data set's config says of training, whatever images it is trained on in the end: its transforms, which images are
// left out, and what the data sets around it make of their number.

import { isDeepStrictEqual } from 'node:util';
import { type AnyDefinition, type ModuleConfig, parseOptions } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { PipelineOptions } from '../pipeline';
import type { DataProblem, ImageRecord } from '../types';
import { filterRecords } from './filter-records';
import { ClassBalancedDataset, ConcatDataset, MultiImageMixDataset, RepeatDataset, WRAPPERS } from './wrappers';

export interface DatasetPlan {
  pipeline: ModuleConfig[];
  options: PipelineOptions;
  /** The images of an epoch. Those left out for want of truths are reported. */
  arrange(records: ImageRecord[], problems: DataProblem[]): ImageRecord[];
}

const bare = (type: unknown): string => String(type).slice(String(type).lastIndexOf('.') + 1);
const optionsOf = <T>(definition: AnyDefinition, config: ModuleConfig, path: string): T => {
  const { type: _, _scope_, ...rest } = config;
  return parseOptions(definition, rest, path) as T;
};

/**
 * @param skip types of transforms that are left out (of a MultiImageMixDataset)
 * @throws DetLabError for data sets that do not go together
 */
export function planDataset(config: ModuleConfig, path: string, skip: readonly string[] = []): DatasetPlan {
  switch (bare(config.type)) {
    case 'ConcatDataset': {
      const { datasets } = optionsOf<{ datasets: ModuleConfig[] }>(ConcatDataset, config, path);
      const [first, ...others] = datasets.map((dataset, i) => planDataset(dataset, `${path}.datasets.${i}`, skip));
      for (const [i, other] of others.entries())
        if (!isDeepStrictEqual([other.pipeline, other.options], [first.pipeline, first.options]))
          throw new DetLabError(
            `Cannot train on ${path}: datasets.${i + 1} has another pipeline than datasets.0. Give all the same`,
          );
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
        throw new DetLabError(`Cannot train on ${path}: one MultiImageMixDataset stands in another. Keep one of them`);
      const left = new Set([...skip, ...(o.skip_type_keys ?? [])]);
      const outer = o.pipeline.filter(({ type }) => !left.has(type));
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

function single(config: ModuleConfig, path: string, skip: readonly string[]): DatasetPlan {
  if (skip.length > 0)
    throw new DetLabError(
      `Cannot leave out ${skip.join(', ')} at ${path}: expected a MultiImageMixDataset, received "${config.type}". ` +
        'Use PipelineSwitchHook in place of YOLOXModeSwitchHook',
    );
  const filter = (config.filter_cfg ?? {}) as { filter_empty_gt?: unknown; min_size?: unknown };
  const rules = {
    filterEmpty: filter.filter_empty_gt === true,
    minSize: typeof filter.min_size === 'number' ? filter.min_size : 0,
  };
  return {
    pipeline: (Array.isArray(config.pipeline) ? config.pipeline : []) as ModuleConfig[],
    options: {},
    arrange: (records, problems) => filterRecords(records, rules, problems),
  };
}

/** An image as often as its rarest class asks for: the root of the wanted share over the class's share, rounded up. */
function balanced(records: ImageRecord[], share: number): ImageRecord[] {
  const counts = new Map<number, number>();
  const classes = records.map(({ truths }) => new Set(truths.labels));
  for (const found of classes) for (const label of found) counts.set(label, (counts.get(label) ?? 0) + 1);
  return records.flatMap((record, i) => {
    const factors = [...classes[i]].map((label) => Math.sqrt(share / (counts.get(label)! / records.length)));
    return new Array<ImageRecord>(Math.ceil(Math.max(1, ...factors))).fill(record);
  });
}

/** A data set's config with every data set inside that wraps no other changed by `change`. */
export function changeInnermost(config: ModuleConfig, change: (config: ModuleConfig) => ModuleConfig): ModuleConfig {
  if (!WRAPPERS.some(({ type }) => type === bare(config.type))) return change(config);
  const copy = { ...config };
  if (config.dataset) copy.dataset = changeInnermost(config.dataset as ModuleConfig, change);
  if (Array.isArray(config.datasets)) copy.datasets = config.datasets.map((inner) => changeInnermost(inner, change));
  return copy;
}
