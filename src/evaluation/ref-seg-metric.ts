// RefSegMetric: overlaps of the masks of referring expressions with those that they mean: cIoU of all pixels together, mIoU as the
// mean over expressions. In MMDetection a model gives one mask for each expression; here it is the best detection of its label, and
// an empty mask where there is none.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { mergeRles, type Rle, rleArea, segmentationToRle } from '../masks';
import { acceptedOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';

const KINDS = ['cIoU', 'mIoU'] as const;

const options = z.strictObject({
  metric: z
    .array(z.enum(KINDS))
    .min(1)
    .default(['cIoU', 'mIoU'])
    .describe('cIoU: of all pixels; mIoU: mean over expressions'),
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: none'),
  ...acceptedOptions,
});
type Options = z.output<typeof options>;

class ReferringMasks implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly pixels = { both: 0, either: 0 };
  private readonly counts = { images: 0, truths: 0, detections: 0 };
  private ious = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly options: Options,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  add(imageId: number, found: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    if (!found.masks)
      throw new DetLabError(
        'Cannot evaluate RefSegMetric: expected a detector with masks, received boxes alone. Use RefExpMetric for them',
      );
    const { width, height, truths, segmentations } = record;
    const best = bestByLabel(found);
    this.counts.images++;
    this.counts.detections += found.scores.length;
    for (const [k, label] of truths.labels.entries()) {
      const outline = segmentations?.[k];
      if (!outline) continue; // among the problems of the data
      const truth = segmentationToRle(outline, height, width);
      const mask = best.get(label);
      const both = mask ? rleArea(mergeRles([mask, truth], true)) : 0;
      const either = rleArea(truth) + (mask ? rleArea(mask) : 0) - both;
      this.pixels.both += both;
      this.pixels.either += either;
      this.ious += either > 0 ? both / either : 0;
      this.counts.truths++;
    }
  }

  compute(): EvaluationReport {
    const share = (part: number, whole: number): number => (whole > 0 ? part / whole : -1);
    const all = {
      cIoU: share(this.pixels.both, this.pixels.either),
      mIoU: share(this.ious, this.counts.truths),
    };
    const metrics: MetricValues = Object.fromEntries(this.options.metric.map((name) => [name, all[name]]));
    const { prefix } = this.options;
    const logged = Object.fromEntries(
      Object.entries(metrics).map(([name, v]) => [prefix ? `${prefix}/${name}` : name, v < 0 ? v : 100 * v]),
    );
    const { problems } = this.dataset;
    return { metric: 'RefSegMetric', metrics, logged, perClass: [], problems, ...this.counts };
  }
}

/** The mask of the highest score of each label; of equal ones the first. */
function bestByLabel({ scores, labels, masks }: BoxDetections): Map<number, Rle> {
  const best = new Map<number, number>();
  for (let i = 0; i < scores.length; i++) {
    const known = best.get(labels[i]);
    if (!Number.isNaN(scores[i]) && (known === undefined || scores[i] > scores[known])) best.set(labels[i], i);
  }
  return new Map([...best].map(([label, i]) => [label, masks![i]]));
}

export const RefSegMetric = defineModule({
  kind: 'metric',
  type: 'RefSegMetric',
  summary: 'Overlap of the masks of referring expressions with those that they mean',
  origin: 'MMDetection',
  shapes: 'masks per expression -> cIoU and mIoU, logged in percent',
  example: "{ type: 'RefSegMetric', metric: ['cIoU', 'mIoU'] }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new ReferringMasks(dataset, given),
});
