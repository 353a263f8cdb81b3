// What the metrics of detectors on text share: the record of each image, best detections first, and the numbers of a report.

import type { Dataset, ImageRecord } from '../data/types';
import { bestFirst, type OrderedDetections } from './best-first';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricValues } from './report';

export abstract class TextMetric implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private counts = { images: 0, truths: 0, detections: 0 };

  constructor(
    private readonly type: string,
    private readonly dataset: Dataset,
    private readonly prefix: string,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  protected abstract count(record: ImageRecord, found: OrderedDetections): void;
  protected abstract values(): MetricValues;

  add(imageId: number, detections: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    const found = bestFirst(detections);
    this.counts.images++;
    this.counts.truths += record.truths.labels.length;
    this.counts.detections += found.scores.length;
    this.count(record, found);
  }

  compute(): EvaluationReport {
    const metrics = this.values();
    const logged = Object.fromEntries(Object.entries(metrics).map(([name, v]) => [`${this.prefix}/${name}`, v]));
    return { metric: this.type, metrics, logged, perClass: [], problems: this.dataset.problems, ...this.counts };
  }
}

/** A share; -1 of nothing. */
export const share = (part: number, whole: number): number => (whole === 0 ? -1 : part / whole);
