// LVISFixedAPMetric: LVIS's average precision of a fixed number of detections of each class over all images, whatever an image has
// (Dave et al., Evaluating Large-Vocabulary Object Detectors: The Devil is in the Details, arXiv 2021). MMDetection's format_only
// writes nothing; here it does.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { COCO_IOU_THRESHOLDS } from './coco-bbox';
import { CocoResultsFile } from './coco-results-file';
import { readCocoFile } from './image-truths';
import { LvisMatching } from './lvis-matching';
import { ITEMS, lvisPrecisions } from './lvis-metric';
import { type LvisTruths, lvisTruthsOfCoco, lvisTruthsOfDataset } from './lvis-truths';
import { acceptedOptions, backendOptions, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';

const options = z
  .strictObject({
    ann_file: z
      .string()
      .nullable()
      .default(null)
      .describe("LVIS file with the ground truth; null: the dataset's, whose images have neg_category_ids"),
    topk: z.int().positive().default(10_000).describe('Detections of each class that are evaluated, the best'),
    ...resultsFileOptions('PREFIX.bbox.json'),
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: lvis_fixed_ap'),
    ...backendOptions,
    ...acceptedOptions,
  })
  .refine(writesOrComputes, NOTHING_TO_DO);

export const LVISFixedAPMetric = defineModule({
  kind: 'metric',
  type: 'LVISFixedAPMetric',
  summary: "LVIS's average precision of boxes, of as many detections of each class over all images",
  paper: 'Dave et al., Evaluating Large-Vocabulary Object Detectors: The Devil is in the Details, arXiv 2021',
  shapes: 'detections per image -> AP, AP50, AP75, APs, APm, APl, APr, APc, APf',
  example: "{ type: 'LVISFixedAPMetric', topk: 10000 }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) => {
      const { ann_file: file, format_only: formatOnly } = given;
      if (formatOnly) return new FixedAp(dataset, undefined, given);
      const truths =
        file === null
          ? lvisTruthsOfDataset(dataset)
          : lvisTruthsOfCoco(await readCocoFile(file), dataset.classes, file);
      return new FixedAp(dataset, truths, given);
    },
});

/** A detection: its image, its place there, its score. */
interface Ranked {
  image: number;
  at: number;
  score: number;
}

class FixedAp implements BoxMetric {
  private readonly file?: CocoResultsFile;
  private readonly images = new Map<number, BoxDetections>();

  /** @param truths undefined: nothing is computed */
  constructor(
    private readonly dataset: Dataset,
    private readonly truths: LvisTruths | undefined,
    private readonly options: z.output<(typeof LVISFixedAPMetric)['options']>,
  ) {
    if (options.outfile_prefix !== null) this.file = new CocoResultsFile(dataset, options.outfile_prefix);
  }

  add(imageId: number, { bboxes, scores, labels }: BoxDetections): void {
    this.images.set(imageId, { bboxes, scores, labels });
    this.file?.add(imageId, { bboxes, scores, labels });
  }

  /** The best detections of each class, by image. */
  private best(): Map<number, BoxDetections> {
    const byClass = this.dataset.classes.map((): Ranked[] => []);
    for (const [image, { scores, labels }] of this.images)
      for (let at = 0; at < scores.length; at++)
        if (!Number.isNaN(scores[at])) byClass[labels[at]].push({ image, at, score: scores[at] });
    const kept = new Map([...this.images.keys()].map((image) => [image, [] as number[]]));
    for (const ranked of byClass) {
      ranked.sort((a, b) => b.score - a.score);
      for (const { image, at } of ranked.slice(0, this.options.topk)) kept.get(image)!.push(at);
    }
    return new Map(
      [...kept].map(([image, places]) => {
        const { bboxes, scores, labels } = this.images.get(image)!;
        const boxes = places.flatMap((at) => [0, 1, 2, 3].map((k) => bboxes[4 * at + k]));
        return [
          image,
          {
            bboxes: Float64Array.from(boxes),
            scores: Float64Array.from(places, (at) => scores[at]),
            labels: Int32Array.from(places, (at) => labels[at]),
          },
        ];
      }),
    );
  }

  compute(): EvaluationReport {
    const detections = [...this.images.values()].reduce((sum, { scores }) => sum + scores.length, 0);
    const counts = { images: this.images.size, detections, problems: [] };
    const empty = { metric: 'LVISFixedAPMetric', metrics: {}, perClass: [], truths: 0, ...counts };
    if (!this.truths) return { ...empty, logged: {} };
    const { images, frequencies } = this.truths;
    const { classes } = this.dataset;
    const common = { classes, iouThresholds: COCO_IOU_THRESHOLDS, limit: Number.MAX_SAFE_INTEGER };
    const matching = new LvisMatching(images, common);
    for (const [image, ofImage] of this.best()) matching.add(image, ofImage);
    const report = matching.compute();
    const metrics = lvisPrecisions(report, frequencies);
    const prefix = this.options.prefix ?? 'lvis_fixed_ap';
    return {
      ...empty,
      metrics,
      truths: report.truths,
      perClass: report.perClass.map(({ metrics: all, ...row }) => ({
        ...row,
        metrics: Object.fromEntries(ITEMS.filter((name) => name in all).map((name) => [name, all[name]])),
      })),
      logged: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}/${name}`, value])),
    };
  }

  async write(): Promise<string[]> {
    return (await this.file?.write()) ?? [];
  }
}
