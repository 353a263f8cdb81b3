// gRefCOCOMetric: expressions that mean one, several or no objects (He et al., GREC, 2023): the share of images whose boxes are all
// found and no others, and how often there being any is told right.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import type { OrderedDetections } from './best-first';
import { overlapFloat32 } from './float32-overlaps';
import { acceptedOptions, datasetTruth } from './metric-options';
import type { MetricFactory, MetricValues } from './report';
import { share, TextMetric } from './text-metric';

const options = z.strictObject({
  ann_file: datasetTruth,
  metric: z.literal('bbox').default('bbox').describe('Only bbox'),
  iou_thrs: z.number().min(0).max(1).default(0.5).describe('IoU from which a box is found'),
  thresh_score: z.number().default(0.7).describe('Minimum score of the detections that count'),
  thresh_f1: z.number().default(1).describe('F1 from which an image is right'),
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: grefcoco'),
  ...acceptedOptions,
});
type Options = z.output<typeof options>;

class GeneralizedExpressions extends TextMetric {
  private images = 0;
  private right = 0;
  private readonly objects = { told: 0, all: 0 };
  private readonly nothing = { told: 0, all: 0 };

  constructor(
    dataset: Dataset,
    private readonly options: Options,
  ) {
    super('gRefCOCOMetric', dataset, options.prefix ?? 'grefcoco');
  }

  protected count({ truths }: ImageRecord, { bboxes, scores }: OrderedDetections): void {
    const { thresh_score, thresh_f1 } = this.options;
    const count = [...scores].filter((score) => score >= Math.fround(thresh_score)).length;
    const objects = truths.labels.length;
    const answers = objects === 0 ? this.nothing : this.objects;
    answers.all++;
    if (count > 0 === objects > 0) answers.told++;
    this.images++;
    const f1 = objects === 0 ? Number(count === 0) : this.f1(bboxes.subarray(0, 4 * count), truths.bboxes);
    if (f1 >= thresh_f1) this.right++;
  }

  /** Pairs by the greatest overlap there is, one after the other. */
  private f1(found: Float32Array, truths: Float32Array): number {
    const [n, m] = [found.length / 4, truths.length / 4];
    const overlaps = Float32Array.from({ length: n * m }, (_, k) =>
      overlapFloat32(found, Math.floor(k / m), truths, k % m),
    );
    let matched = 0;
    for (; matched < Math.min(n, m); matched++) {
      const best = overlaps.indexOf(overlaps.reduce((a, b) => Math.max(a, b), 0));
      if (overlaps[best] < this.options.iou_thrs) break;
      for (let k = 0; k < overlaps.length; k++)
        if (Math.floor(k / m) === Math.floor(best / m) || k % m === best % m) overlaps[k] = 0;
    }
    return (2 * matched) / (n + m);
  }

  protected values(): MetricValues {
    return {
      F1_score: share(this.right, Math.max(this.images, 1)),
      T_acc: share(this.objects.told, this.objects.all),
      N_acc: share(this.nothing.told, this.nothing.all),
    };
  }
}

export const gRefCOCOMetric = defineModule({
  kind: 'metric',
  type: 'gRefCOCOMetric',
  summary:
    'Expressions that mean one, several or no objects: images with exactly their boxes, and whether there are any',
  paper: 'He et al., GREC: Generalized Referring Expression Comprehension, 2023',
  shapes: 'detections per expression -> F1_score, T_acc, N_acc',
  example: "{ type: 'gRefCOCOMetric', thresh_score: 0.7 }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new GeneralizedExpressions(dataset, given),
});
