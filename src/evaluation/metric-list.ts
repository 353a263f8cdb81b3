// Several metrics of one evaluation in one report: the first as it is alone, one of another type with a prefix.

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

const kindsOf = ({ metric = 'bbox' }: ModuleConfig): unknown[] => [metric].flat();

/**
 * @param path of the list in the config, for errors
 * @throws DetLabError when two of them give metrics of one name
 */
export function metricList(metrics: readonly ListedMetric[], path: string): MetricFactory {
  if (metrics.length === 1) return metrics[0].factory;
  const types = metrics.map(({ config }) => config.type);
  for (const [i, type] of types.entries())
    for (const k of types.keys()) if (k < i && types[k] === type) requireDistinct(metrics, k, i, path);
  const prefixes = types.map((type) =>
    type === types[0] ? '' : (METRIC_PREFIXES[type] ?? `${type.replace(/Metric$/, '').toLowerCase()}_`),
  );
  return async (dataset) => {
    const parts = await Promise.all(metrics.map(({ factory }) => factory(dataset)));
    return new CombinedMetric(parts.map((metric, i) => ({ prefix: prefixes[i], metric })));
  };
}

/** Two of a type: CocoMetrics of other kinds, boxes and masks, have other names. */
function requireDistinct(metrics: readonly ListedMetric[], a: number, b: number, path: string): void {
  const [one, other] = [metrics[a].config, metrics[b].config];
  if (one.type === 'CocoMetric' && !kindsOf(one).some((kind) => kindsOf(other).includes(kind))) return;
  throw new DetLabError(
    `Cannot compute ${path}.${a} and ${path}.${b}: both are ${one.type}, whose metrics have the same names. ` +
      "Keep one of them; boxes and masks are metric: ['bbox', 'segm'] of a CocoMetric",
  );
}
