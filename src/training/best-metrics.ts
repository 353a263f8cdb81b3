// By which metrics the best models of a run are kept, and which of their values are better: `save_best` and `rule`.

import { DetLabError } from '../errors';
import { AUTO } from './history';
import { type MetricKeys, type MetricRule, ruleOfMetric } from './metric-rule';

export interface BestMetricOptions {
  /** Metrics whose best models are kept; 'auto': the first of the evaluation. */
  saveBest?: string | readonly string[];
  /** Of all of them, or of each; by their names when absent, as mmengine has it. */
  rule?: MetricRule | readonly MetricRule[];
  /** Names (or parts of them) of metrics of which larger or smaller values are better, in place of mmengine's. */
  keys?: MetricKeys;
}

export interface BestMetric {
  metric: string;
  /** Absent of 'auto': by the name of the metric that it turns out to be. */
  rule?: MetricRule;
  /** Folder of its model in `checkpoints/`: `best`, or `best_coco_bbox_mAP` where there are several. */
  folder: string;
}

/** @throws DetLabError for a metric whose name does not say which values are better, without a rule */
export function bestMetrics({ saveBest = [], rule, keys }: BestMetricOptions): BestMetric[] {
  const metrics = [saveBest].flat();
  const rules = rule === undefined ? [] : [rule].flat();
  return metrics.map((metric, i) => {
    const found =
      rules.length === 1 ? rules[0] : (rules[i] ?? (metric === AUTO ? undefined : ruleOfMetric(metric, keys)));
    if (found === undefined && metric !== AUTO)
      throw new DetLabError(
        `Cannot keep the best model by "${metric}": its name does not say which values are better. ` +
          "Pass rule: 'greater' or 'less'",
      );
    return {
      metric,
      ...(found && { rule: found }),
      folder: metrics.length === 1 ? 'best' : `best_${metric.replaceAll('/', '_')}`,
    };
  });
}
