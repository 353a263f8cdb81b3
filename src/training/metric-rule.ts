// Which values of a metric are better, by its name: mmengine's rule, then by what else evaluations here give.

export type MetricRule = 'greater' | 'less';

const GREATER = ['acc', 'top', 'AR@', 'auc', 'precision', 'mAP', 'mDice', 'mIoU', 'mAcc', 'aAcc'];
const LESS = ['loss'];

/** Of our evaluations, as parts of a name between / and _: mmengine knows mAP alone. */
const OURS: Readonly<Record<string, MetricRule>> = {
  AP: 'greater',
  AR: 'greater',
  recall: 'greater',
  F1: 'greater',
  JI: 'greater',
  mMR: 'less',
  MR: 'less',
};

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
  if (fewer.some((key) => lower.includes(key))) return 'less';
  const known = name.split(/[/_@\d]+/).find((part) => Object.hasOwn(OURS, part));
  return known === undefined ? undefined : OURS[known];
}
