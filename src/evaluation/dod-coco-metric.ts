// DODCocoMetric: COCO's average precision of described objects, also by the length of the description (Xie et al., NeurIPS 2023).

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { CocoBboxMetric } from './coco-bbox';
import { truthsOfDataset } from './image-truths';
import { acceptedOptions, backendOptions, datasetTruth } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';

const options = z.strictObject({
  ann_file: datasetTruth,
  outfile_prefix: z.null().default(null).describe('Only null: no file is written'),
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: dod'),
  ...backendOptions,
  ...acceptedOptions,
});

/** Lengths of descriptions in words, up to and without the second. */
const LENGTHS = { short: [0, 4], mid: [4, 7], long: [7, 10], very_long: [10, Number.POSITIVE_INFINITY] } as const;
const LOGGED = { AP: 'mAP', AP50: 'mAP_50', AP75: 'mAP_75', APs: 'mAP_s', APm: 'mAP_m', APl: 'mAP_l' } as const;

class DescribedObjects implements BoxMetric {
  private readonly metric: CocoBboxMetric;
  /** Of each image, the class of each of its sentences. */
  private readonly classes: ReadonlyMap<number, readonly number[]>;

  constructor(
    private readonly dataset: Dataset,
    private readonly prefix: string,
  ) {
    this.metric = new CocoBboxMetric(truthsOfDataset(dataset), { classes: dataset.classes });
    const labels = new Map((dataset.categories ?? []).map(({ id, label }) => [id, label]));
    const entries = dataset.records.map(({ id, prompt, path }): [number, number[]] => {
      const sentences = prompt?.sentenceIds?.map((sentence) => labels.get(sentence) ?? -1);
      if (sentences) return [id, sentences];
      throw new DetLabError(
        `Cannot measure described objects on "${path}": its sentences have no numbers. Use a DODDataset`,
      );
    });
    this.classes = new Map(entries);
  }

  add(imageId: number, { bboxes, scores, labels }: BoxDetections): void {
    const classes = this.classes.get(imageId);
    if (!classes) return;
    const kept = Array.from(scores, (_, i) => i).filter((i) => (classes[labels[i]] ?? -1) >= 0);
    this.metric.add(imageId, {
      bboxes: kept.flatMap((i) => [0, 1, 2, 3].map((k) => bboxes[4 * i + k])),
      scores: kept.map((i) => scores[i]),
      labels: kept.map((i) => classes[labels[i]]),
    });
  }

  compute(): EvaluationReport {
    const report = this.metric.compute();
    const metrics = { ...report.metrics };
    for (const [name, [from, to]] of Object.entries(LENGTHS)) {
      const rows = report.perClass.filter(({ class: text, metrics: { AP } }) => {
        const words = text.split(' ').length;
        return AP > -1 && words >= from && words < to;
      });
      const sum = rows.reduce((total, row) => total + row.metrics.AP, 0);
      metrics[`AP_${name}`] = rows.length > 0 ? sum / rows.length : -1;
    }
    const named = [...Object.entries(LOGGED), ...Object.keys(LENGTHS).map((l) => [`AP_${l}`, `mAP_${l}`])];
    const logged = Object.fromEntries(named.map(([key, name]) => [`${this.prefix}/${name}`, metrics[key]]));
    return { ...report, metric: 'DODCocoMetric', metrics, logged, problems: this.dataset.problems };
  }
}

export const DODCocoMetric = defineModule({
  kind: 'metric',
  type: 'DODCocoMetric',
  summary: "COCO's average precision of described objects, also by the length of the description",
  paper: 'Xie et al., Described Object Detection: Liberating Object Detection with Flexible Expressions, NeurIPS 2023',
  shapes: 'detections per image, labelled by its sentences -> AP, AP50, .., AP_short, AP_mid, AP_long, AP_very_long',
  example: "{ type: 'DODCocoMetric' }",
  options,
  build:
    ({ prefix }): MetricFactory =>
    async (dataset) =>
      new DescribedObjects(dataset, prefix ?? 'dod'),
});
