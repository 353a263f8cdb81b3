// The metrics of a report under MMDetection's log names: `coco/bbox_mAP`, `coco/AR@100`, `pascal_voc/mAP`, `cityscapes/AP@50`.

import { COCO_PREFIXES } from './coco-metric';
import { METRIC_PREFIXES } from './metric-list';
import type { EvaluationReport, MetricValues } from './report';

const NAMES: Record<string, string> = {
  AP: 'mAP',
  AP50: 'mAP_50',
  AP75: 'mAP_75',
  APs: 'mAP_s',
  APm: 'mAP_m',
  APl: 'mAP_l',
};

/** Of each type of metric, the names of its metrics in the log. */
const LOG_NAMES: Record<string, (metrics: MetricValues) => MetricValues> = {
  CocoMetric: cocoNames,
  VOCMetric: (metrics) => named(metrics, (name) => `pascal_voc/${name}`),
  CityScapesMetric: (metrics) => named(metrics, (name) => `cityscapes/${{ AP: 'mAP', AP50: 'AP@50' }[name] ?? name}`),
};

const named = (metrics: MetricValues, name: (key: string) => string): MetricValues =>
  Object.fromEntries(Object.entries(metrics).map(([key, value]) => [name(key), value]));

/** @example logNames(report)['coco/bbox_mAP'] */
export function logNames({ metric, metrics }: Pick<EvaluationReport, 'metric' | 'metrics'>): MetricValues {
  const parts = new Map<string, MetricValues>();
  for (const [key, value] of Object.entries(metrics)) {
    const [type, prefix] = Object.entries(METRIC_PREFIXES).find(
      ([other, start]) => other !== metric && key.startsWith(start),
    ) ?? [metric, ''];
    const part = parts.get(type) ?? {};
    part[key.slice(prefix.length)] = value;
    parts.set(type, part);
  }
  const log: MetricValues = {};
  for (const [type, part] of parts)
    Object.assign(log, LOG_NAMES[type]?.(part) ?? named(part, (name) => `${type}/${name}`));
  return log;
}

function cocoNames(metrics: MetricValues): MetricValues {
  return named(metrics, (key) => {
    const prefix = Object.values(COCO_PREFIXES).findLast((p) => p !== '' && key.startsWith(p)) ?? '';
    const name = key.slice(prefix.length);
    // recall by size is that of the largest number of detections
    const recalls = Object.keys(metrics).filter((other) => other.startsWith(`${prefix}AR@`));
    const maxDets = recalls.at(-1)?.slice(prefix.length + 2) ?? '';
    const logName = /^AR[sml]$/.test(name) ? `AR_${name[2]}${maxDets}` : (NAMES[name] ?? name);
    const kindName = prefix === '' ? 'bbox_' : prefix === 'segm_' ? 'segm_' : '';
    return `coco/${kindName}${logName}`;
  });
}
