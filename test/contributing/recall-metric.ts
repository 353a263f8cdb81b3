// RecallMetric: the share of ground-truth boxes that some detection of their class overlaps, whatever its score.

import { z } from 'zod';
import { defineModule } from '../../src/catalogue/registry';
import type { Dataset } from '../../src/data/types';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from '../../src/evaluation/report';
import { bboxOverlaps } from '../../src/geometry/boxes';

class Recall implements BoxMetric {
  private readonly counts: { found: number; truths: number; detections: number; images: number };
  private readonly truthsOf: ReadonlyMap<number, Dataset['records'][number]['truths']>;

  constructor(
    private readonly dataset: Dataset,
    private readonly iouThreshold: number,
  ) {
    this.counts = { found: 0, truths: 0, detections: 0, images: 0 };
    this.truthsOf = new Map(dataset.records.map(({ id, truths }) => [id, truths]));
  }

  add(imageId: number, { bboxes, labels }: BoxDetections): void {
    const truths = this.truthsOf.get(imageId);
    if (!truths) return;
    const overlaps = bboxOverlaps(truths.bboxes, Float32Array.from(bboxes)); // [truths, detections]
    for (const [g, label] of truths.labels.entries()) {
      if (truths.ignored[g]) continue;
      const row = overlaps.subarray(g * labels.length, (g + 1) * labels.length);
      this.counts.truths++;
      if (row.some((iou, k) => iou >= this.iouThreshold && labels[k] === label)) this.counts.found++;
    }
    this.counts.detections += labels.length;
    this.counts.images++;
  }

  compute(): EvaluationReport {
    const { found, ...counts } = this.counts;
    const recall = counts.truths > 0 ? found / counts.truths : -1; // -1: nothing to measure, as in pycocotools
    return { metric: 'RecallMetric', metrics: { recall }, perClass: [], problems: this.dataset.problems, ...counts };
  }
}

export const RecallMetric = defineModule({
  kind: 'metric',
  type: 'RecallMetric',
  summary: 'Share of the ground-truth boxes that any detection of their class overlaps',
  origin: 'DetLab, an example',
  shapes: 'detections per image -> recall',
  example: "{ type: 'RecallMetric', iou_thr: 0.5 }",
  options: z.strictObject({ iou_thr: z.number().min(0).max(1).default(0.5).describe('IoU from which a box is found') }),
  build:
    ({ iou_thr }): MetricFactory =>
    async (dataset) =>
      new Recall(dataset, iou_thr),
});
