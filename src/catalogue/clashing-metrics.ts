// Two metrics of one evaluator whose values would have the same names: found before anything is evaluated.

import type { OptionProblem } from './option-problems';
import type { ModuleConfig } from './registry';

const kindsOf = ({ metric = 'bbox' }: ModuleConfig): unknown[] => [metric].flat();

/**
 * A problem for each metric that repeats one before it. CocoMetrics of other kinds, boxes and masks, have other names.
 * @param path of the evaluator in the config
 */
export function clashingMetrics(metrics: readonly ModuleConfig[], path: string): OptionProblem[] {
  return metrics.flatMap((one, i) => {
    const before = metrics.findIndex((other, k) => k < i && clash(other, one));
    if (before < 0) return [];
    const message =
      `expected a metric of another type than ${path}.${before}, also a ${one.type}: its values would have the same names. ` +
      "Keep one of them, or give it a prefix; boxes and masks are metric: ['bbox', 'segm'] of a CocoMetric";
    return [{ path: `${path}.${i}`, message }];
  });
}

function clash(one: ModuleConfig, other: ModuleConfig): boolean {
  if (one.type !== other.type || one.prefix !== other.prefix) return false;
  return one.type !== 'CocoMetric' || kindsOf(one).some((kind) => kindsOf(other).includes(kind));
}
