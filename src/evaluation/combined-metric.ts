// Several metrics over the same detections, in one report, each with a prefix.

import { DetLabError } from '../errors';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';

export interface MetricPart {
  /** Prefix of the names of its metrics. */
  prefix: string;
  metric: BoxMetric;
  /** Report only its recalls, and no classes. */
  recallOnly?: boolean;
}

export class CombinedMetric implements BoxMetric {
  constructor(private readonly parts: readonly MetricPart[]) {}

  add(imageId: number, detections: BoxDetections): void {
    for (const { metric } of this.parts) metric.add(imageId, detections);
  }

  async addAll(found: Iterable<readonly [number, BoxDetections]>): Promise<void> {
    const list = [...found];
    for (const { metric } of this.parts) await addAll(metric, list);
  }

  compute(): EvaluationReport {
    const reports = this.parts.map(({ metric }) => metric.compute());
    const metrics: MetricValues = {};
    const logged: MetricValues = {};
    const perClass = new Map<string, ClassReport>();
    for (const [i, { prefix, recallOnly }] of this.parts.entries()) {
      Object.assign(metrics, named(reports[i].metrics, prefix, recallOnly));
      for (const [name, value] of Object.entries(
        reports[i].logged ?? named(reports[i].metrics, prefix || `${reports[i].metric}/`),
      )) {
        if (name in logged)
          throw new DetLabError(
            `Cannot log "${name}" of two metrics: give one of them a prefix of its own, { prefix: 'second' }`,
          );
        logged[name] = value;
      }
      if (recallOnly) continue;
      for (const row of reports[i].perClass) {
        const known = perClass.get(row.class) ?? { ...row, metrics: {} };
        perClass.set(row.class, { ...known, metrics: { ...known.metrics, ...named(row.metrics, prefix) } });
      }
    }
    const first = reports.find((report) => Object.keys(report.metrics).length > 0) ?? reports[0];
    const problems = [...new Set(reports.flatMap((report) => report.problems))];
    return { ...first, metrics, logged, perClass: [...perClass.values()], problems };
  }

  async write(): Promise<string[]> {
    const files: string[] = [];
    for (const { metric } of this.parts) files.push(...((await metric.write?.()) ?? []));
    return files;
  }
}

/** Adds the detections of many images, in the metric's own way where it has one. */
export async function addAll(metric: BoxMetric, found: Iterable<readonly [number, BoxDetections]>): Promise<void> {
  if (metric.addAll) await metric.addAll(found);
  else for (const [imageId, detections] of found) metric.add(imageId, detections);
}

function named(values: MetricValues, prefix: string, recallOnly = false): MetricValues {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => !recallOnly || name.startsWith('AR'))
      .map(([name, value]) => [prefix + name, value]),
  );
}
