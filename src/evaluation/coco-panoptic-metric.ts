// CocoPanopticMetric: COCO's evaluation of panoptic segmentation with MMDetection's options, equal to panopticapi. Areas of the truth are
// those of its maps; of a class, or of things or stuff, that is nowhere the values are -1.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { readPanopticPng } from '../masks/panoptic-png';
import { acceptedOptions, backendOptions, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import { addPanopticMatches, meanQuality, noStats, type PanopticStats, qualityOf } from './panoptic-quality';
import { PanopticResultsFiles } from './panoptic-results-files';
import { type PanopticAnnotations, panopticOfDataset, panopticOfFile } from './panoptic-truths';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';

const PREFIX = 'coco_panoptic';

export const CocoPanopticMetric = defineModule({
  kind: 'metric',
  type: 'CocoPanopticMetric',
  summary: "COCO's panoptic quality of all segments, of things and of stuff, equal to panopticapi",
  paper: 'Kirillov et al., Panoptic Segmentation, CVPR 2019',
  shapes: 'segments per image -> PQ, SQ, RQ; PQ_th, ... of things, PQ_st, ... of stuff',
  example: "{ type: 'CocoPanopticMetric' }",
  options: z
    .strictObject({
      ann_file: z
        .string()
        .nullable()
        .default(null)
        .describe("Panoptic annotation file with the ground truth; null: the dataset's ground truth"),
      seg_prefix: z
        .string()
        .nullable()
        .default(null)
        .describe("Folder of the maps of ann_file, or without one of the dataset's images; null: where the dataset says"),
      classwise: z
        .boolean()
        .default(false)
        .describe(`Log the PQ of every class too, as ${PREFIX}/CLASS_PQ; the report always lists every class`),
      nproc: z.int().positive().default(32).describe('Accepted: one process is enough here'),
      prefix: z.string().min(1).nullable().default(null).describe(`In the names of the log; null: ${PREFIX}`),
      ...resultsFileOptions('PREFIX.panoptic.json and PREFIX.panoptic/*.png'),
      ...backendOptions,
      ...acceptedOptions,
    })
    .refine(writesOrComputes, NOTHING_TO_DO)
    .refine((o) => o.ann_file === null || o.seg_prefix !== null, {
      message: 'expected seg_prefix, the folder of the maps of ann_file',
      path: ['seg_prefix'],
    }),
  build:
    (options): MetricFactory =>
    async (dataset) => {
      const { ann_file: file, seg_prefix: folder, format_only } = options;
      if (format_only) return new PanopticEvaluation(dataset, undefined, options);
      const annotations =
        file === null ? panopticOfDataset(dataset, folder) : await panopticOfFile(file, folder!, dataset.classes);
      return new PanopticEvaluation(dataset, annotations, options);
    },
});

class PanopticEvaluation implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly stats: PanopticStats[];
  private readonly counts: { images: number; truths: number; detections: number };
  private readonly files?: PanopticResultsFiles;

  /** @param annotations absent: nothing is computed */
  constructor(
    private readonly dataset: Dataset,
    private readonly annotations: PanopticAnnotations | undefined,
    private readonly options: { outfile_prefix: string | null; classwise: boolean; prefix: string | null },
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
    this.stats = dataset.classes.map(noStats);
    this.counts = { images: 0, truths: 0, detections: 0 };
    if (options.outfile_prefix !== null) this.files = new PanopticResultsFiles(dataset, options.outfile_prefix);
  }

  add(imageId: number, { panoptic }: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    if (!panoptic)
      throw new DetLabError(
        `Cannot evaluate the segments of image ${imageId}: the detector predicts none. Use one such as Mask2Former with ` +
          'panoptic_on or PanopticFPN, or CocoMetric for its detections',
      );
    this.files?.add(record, panoptic);
    this.counts.images++;
    this.counts.detections += panoptic.length;
    const truths = this.annotations?.truths.get(imageId);
    if (!truths) return;
    this.counts.truths += truths.ids.length;
    addPanopticMatches(this.stats, { ...truths, ...readPanopticPng(truths.file) }, panoptic);
  }

  compute(): EvaluationReport {
    const { dataset, annotations, counts } = this;
    const report = { metric: 'CocoPanopticMetric', problems: dataset.problems, ...counts };
    if (!annotations) return { ...report, metrics: {}, logged: {}, perClass: [] };
    const { isThing } = annotations;
    const part = (things: boolean) => this.stats.filter((_, label) => isThing[label] === things);
    const metrics = {
      ...meanQuality(this.stats),
      ...suffixed(meanQuality(part(true)), '_th'),
      ...suffixed(meanQuality(part(false)), '_st'),
    };
    const perClass = dataset.classes.map((name, label) => ({
      class: name,
      truths: this.stats[label].tp + this.stats[label].fn,
      metrics: { ...qualityOf(this.stats[label]) },
    }));
    return { ...report, metrics, perClass, logged: this.logged(metrics, perClass) };
  }

  /** In percent, as MMDetection logs them. */
  private logged(metrics: MetricValues, perClass: EvaluationReport['perClass']): MetricValues {
    const { prefix, classwise } = this.options;
    const values = [
      ...Object.entries(metrics),
      ...(classwise ? perClass.map((row): [string, number] => [`${row.class}_PQ`, row.metrics.PQ]) : []),
    ];
    return Object.fromEntries(
      values.map(([name, value]) => [`${prefix ?? PREFIX}/${name}`, value < 0 ? value : 100 * value]),
    );
  }

  async write(): Promise<string[]> {
    return (await this.files?.write()) ?? [];
  }
}

const suffixed = (values: object, suffix: string): MetricValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name + suffix, value]));
