// Several metrics of one evaluation in one report: the first as it is alone, one of another type with a prefix.

import { clashingMetrics } from '../catalogue/clashing-metrics';
import type { ModuleConfig } from '../catalogue/registry';
import { DetLabError } from '../errors';
import type { MetricFactory } from './coco-metric';
import { CombinedMetric } from './combined-metric';

/** Prefix of a metric's names in a report in which another type is the first. */
export const METRIC_PREFIXES: Record<string, string> = {
  CocoMetric: 'coco_',
  VOCMetric: 'voc_',
  CityScapesMetric: 'cityscapes_',
};

export interface ListedMetric {
  config: ModuleConfig;
  factory: MetricFactory;
}

/**
 * @param path of the list in the config, for errors
 * @throws DetLabError when two of them give metrics of one name
 */
export function metricList(metrics: readonly ListedMetric[], path: string): MetricFactory {
  if (metrics.length === 1) return metrics[0].factory;
  const types = metrics.map(({ config }) => config.type);
  const [problem] = clashingMetrics(
    metrics.map(({ config }) => config),
    path,
  );
  if (problem) throw new DetLabError(`Cannot evaluate by ${problem.path}: ${problem.message}`);
  const prefixes = types.map((type) =>
    type === types[0] ? '' : (METRIC_PREFIXES[type] ?? `${type.replace(/Metric$/, '').toLowerCase()}_`),
  );
  return async (dataset) => {
    const parts = await Promise.all(metrics.map(({ factory }) => factory(dataset)));
    return new CombinedMetric(parts.map((metric, i) => ({ prefix: prefixes[i], metric })));
  };
}
