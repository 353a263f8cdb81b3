// Which values of a metric are better, by its name: mmengine's rule, for early stopping and for the best checkpoint.

export type MetricRule = 'greater' | 'less';

const GREATER = ['acc', 'top', 'AR@', 'auc', 'precision', 'mAP', 'mDice', 'mIoU', 'mAcc', 'aAcc'];
const LESS = ['loss'];

/** Names of metrics, or parts of them, in any case; mmengine's when absent. */
export interface MetricKeys {
  greater?: readonly string[];
  less?: readonly string[];
}

/** Undefined where the name says nothing. */
export function ruleOfMetric(
  name: string,
  { greater = GREATER, less = LESS }: MetricKeys = {},
): MetricRule | undefined {
  const lower = name.toLowerCase();
  const [more, fewer] = [greater, less].map((keys) => keys.map((key) => key.toLowerCase()));
  if (more.includes(lower)) return 'greater';
  if (fewer.includes(lower)) return 'less';
  if (more.some((key) => lower.includes(key))) return 'greater';
  return fewer.some((key) => lower.includes(key)) ? 'less' : undefined;
}
