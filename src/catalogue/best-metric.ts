// `save_best` of a checkpoint hook names a metric of the evaluation: a name that the evaluator does not compute is found before
// the first evaluation.

import { nearest } from '../errors';
import { withStandardTypes } from './config-schema';
import type { OptionProblem } from './option-problems';

type Options = Record<string, unknown>;
const optionsOf = (value: unknown): Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Options) : {};

const AP = ['mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l'];

/** The names of the metrics that an evaluator logs; recalls, whose names have counts, are left out. */
function metricNames({ type, metric = 'bbox', metric_items: items, prefix }: Options): string[] | undefined {
  const name = String(type).replace(/^mmdet\./, '');
  if (name === 'VOCMetric') return [`${prefix ?? 'pascal_voc'}/mAP`];
  if (name === 'CityScapesMetric') return ['mAP', 'AP@50'].map((one) => `${prefix ?? 'cityscapes'}/${one}`);
  if (name !== 'CocoMetric') return undefined;
  const kinds = [metric].flat().filter((kind) => kind === 'bbox' || kind === 'segm');
  return kinds.flatMap((kind) =>
    AP.filter((one) => !Array.isArray(items) || items.includes(one)).map((one) => `${prefix ?? 'coco'}/${kind}_${one}`),
  );
}

/** The problem of a `save_best` that is no metric of the evaluator. */
export function bestMetricProblems(config: Options): OptionProblem[] {
  const { checkpoint } = optionsOf(withStandardTypes(config).default_hooks);
  const [best] = [optionsOf(checkpoint).save_best].flat();
  const evaluators = [config.val_evaluator].flat().filter((one) => one !== undefined && one !== null);
  const lists = evaluators.map((one) => metricNames(optionsOf(one)));
  const names = lists.length === 0 || lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);
  if (typeof best !== 'string' || best === 'auto' || !names || names.includes(best)) return [];
  if (/\/.*(AR|AP\d|_precision$|recall@)|^pascal_voc\//.test(best)) return [];
  const meant = names.find((name) => name.endsWith(`/${best}`)) ?? nearest(best, names);
  return [
    {
      path: 'default_hooks.checkpoint.save_best',
      message: `val_evaluator has no metric "${best}".${meant ? ` Did you mean "${meant}"?` : ` It has ${names.join(', ')}`}`,
    },
  ];
}
