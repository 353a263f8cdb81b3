// RefExpMetric: how often the best boxes of a referring expression have the one it means (Kamath et al., MDETR, ICCV 2021), for
// RefCOCO, RefCOCO+ and RefCOCOg.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import type { OrderedDetections } from './best-first';
import { overlapFloat32 } from './float32-overlaps';
import { acceptedOptions, datasetTruth } from './metric-options';
import type { MetricFactory, MetricValues } from './report';
import { TextMetric } from './text-metric';

const options = z.strictObject({
  ann_file: datasetTruth,
  metric: z.literal('bbox').default('bbox').describe('Only bbox'),
  topk: z.array(z.int().positive()).min(1).default([1, 5, 10]).describe('Numbers of best detections'),
  iou_thrs: z.number().min(0).max(1).default(0.5).describe('IoU from which a box is found'),
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: refexp'),
  ...acceptedOptions,
});
type Options = z.output<typeof options>;

/** The data sets that entries of the annotation file are from. */
const SETS = ['refcoco', 'refcoco+', 'refcocog'];

class ExpressionPrecision extends TextMetric {
  private readonly totals = new Map(SETS.map((name) => [name, 0]));
  private readonly found: Map<string, number[]>;

  constructor(
    dataset: Dataset,
    private readonly options: Options,
  ) {
    super('RefExpMetric', dataset, options.prefix ?? 'refexp');
    this.found = new Map(SETS.map((name) => [name, options.topk.map(() => 0)]));
  }

  protected count({ truths, fields, path }: ImageRecord, { bboxes, scores }: OrderedDetections): void {
    const set = String(fields?.dataset_name);
    const total = this.totals.get(set);
    if (total === undefined || truths.labels.length !== 1)
      throw new DetLabError(
        `Cannot measure referring expressions on "${path}": expected one box and dataset_name ${SETS.join(', ')}, received ` +
          `${truths.labels.length} boxes and ${set}`,
      );
    this.totals.set(set, total + 1);
    const ious = [...scores.keys()].map((i) => overlapFloat32(bboxes, i, truths.bboxes, 0));
    for (const [i, k] of this.options.topk.entries())
      if (ious.slice(0, k).some((iou) => iou >= this.options.iou_thrs)) this.found.get(set)![i]++;
  }

  /** Precisions of a data set without an expression are 0, as in MMDetection. */
  protected values(): MetricValues {
    const { topk } = this.options;
    const values: MetricValues = {};
    for (const set of SETS)
      for (const [i, k] of topk.entries())
        values[`${set}_precision@${k}`] = this.found.get(set)![i] / Math.max(this.totals.get(set)!, 1);
    const mean = Object.values(values).reduce((sum, v) => sum + v, 0) / (SETS.length * topk.length);
    return { mean_precision: mean, ...values };
  }
}

export const RefExpMetric = defineModule({
  kind: 'metric',
  type: 'RefExpMetric',
  summary: 'How often the best boxes of a referring expression have the one it means',
  paper: 'Kamath et al., MDETR: Modulated Detection for End-to-End Multi-Modal Understanding, ICCV 2021',
  shapes: 'detections per expression -> precision of the best 1, 5 and 10 on RefCOCO, RefCOCO+ and RefCOCOg',
  example: "{ type: 'RefExpMetric', topk: [1, 5, 10] }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new ExpressionPrecision(dataset, given),
});
