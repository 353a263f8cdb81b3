// LVISMetric: LVIS's average precision of boxes and masks, by frequency of the classes as well, with MMDetection's options.
// Where MMDetection sets options of COCOeval that LVISEval does not have (useCats, iouThrs), this does what they say.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { COCO_IOU_THRESHOLDS } from './coco-bbox';
import { CocoResultsFile } from './coco-results-file';
import { readCocoFile } from './image-truths';
import { LVIS_DETECTIONS, LvisMatching } from './lvis-matching';
import { type LvisTruths, lvisTruthsOfCoco, lvisTruthsOfDataset } from './lvis-truths';
import {
  acceptedOptions,
  averagePrecisionOptions,
  backendOptions,
  type MetricKind,
  NOTHING_TO_DO,
  resultsFileOptions,
  writesOrComputes,
} from './metric-options';
import { ProposalRecall } from './proposal-recall';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';

/** LVIS's names; AP by frequency is the mean over its classes that have objects. */
export function lvisPrecisions(
  { metrics, perClass }: Pick<EvaluationReport, 'metrics' | 'perClass'>,
  frequencies: LvisTruths['frequencies'],
): MetricValues {
  const ofGroup = (frequency: string) => {
    const values = perClass.map((row) => row.metrics.AP).filter((ap, c) => frequencies[c] === frequency && ap > -1);
    return values.length === 0 ? -1 : values.reduce((a, b) => a + b, 0) / values.length;
  };
  const sizes = ITEMS.filter((item) => item in metrics).map((item) => [item, metrics[item]] as const);
  const groups = ['r', 'c', 'f'].map((frequency) => [`AP${frequency}`, ofGroup(frequency)] as const);
  return Object.fromEntries([...sizes, ...groups]);
}

export const ITEMS = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'APr', 'APc', 'APf'];
const RECALLS = [`AR@${LVIS_DETECTIONS}`, ...['s', 'm', 'l'].map((size) => `AR${size}@${LVIS_DETECTIONS}`)];

export const LVISMetric = defineModule({
  kind: 'metric',
  type: 'LVISMetric',
  summary: "LVIS's average precision of boxes and masks, of rare, common and frequent classes, equal to lvis-api",
  paper: 'Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019',
  shapes: 'detections per image -> AP, AP50, AP75, APs, APm, APl, APr, APc, APf, AR@300; segm_AP, ... of masks',
  example: "{ type: 'LVISMetric', metric: ['bbox', 'segm'] }",
  options: z
    .strictObject({
      ann_file: z
        .string()
        .nullable()
        .default(null)
        .describe("LVIS file with the ground truth; null: the dataset's, whose images have neg_category_ids"),
      ...averagePrecisionOptions('lvis'),
      proposal_nums: z
        .array(z.number().int().positive())
        .min(1)
        .default([100, 300, 1000])
        .describe('Numbers of proposals per image, of proposal_fast; AP and proposal are of 300 detections'),
      metric_items: z
        .array(z.enum([...ITEMS, ...RECALLS]))
        .min(1)
        .nullable()
        .default(null)
        .describe('The metrics that are reported and logged, such as AP, APr, AR@300; null: all'),
      ...resultsFileOptions('PREFIX.bbox.json, and PREFIX.segm.json where they have masks'),
      ...backendOptions,
      ...acceptedOptions,
    })
    .refine(writesOrComputes, NOTHING_TO_DO),
  build:
    (options): MetricFactory =>
    async (dataset) => {
      const { ann_file: file, format_only: formatOnly } = options;
      if (formatOnly) return new LvisEvaluation(dataset, undefined, options);
      const truths =
        file === null
          ? lvisTruthsOfDataset(dataset)
          : lvisTruthsOfCoco(await readCocoFile(file), dataset.classes, file);
      return new LvisEvaluation(dataset, truths, options);
    },
});

type LvisOptions = z.output<(typeof LVISMetric)['options']>;

class LvisEvaluation implements BoxMetric {
  private readonly parts: [kind: MetricKind, metric: BoxMetric][];
  private readonly file?: CocoResultsFile;
  private images = 0;
  private detections = 0;

  /** @param truths undefined: nothing is computed */
  constructor(
    dataset: Dataset,
    private readonly truths: LvisTruths | undefined,
    private readonly options: LvisOptions,
  ) {
    const { iou_thrs: thresholds, metric, outfile_prefix: prefix, proposal_nums: proposalNums } = options;
    const iouThresholds = thresholds === null ? COCO_IOU_THRESHOLDS : [thresholds].flat().sort((a, b) => a - b);
    const common = { classes: dataset.classes, iouThresholds };
    const images = truths?.images ?? [];
    const kinds = truths ? [...new Set([metric].flat())] : [];
    this.parts = kinds.map((name) => {
      if (name === 'proposal_fast') {
        // here nothing is left out
        const all = images.map((image) => ({ ...image.truths, ignored: new Uint8Array(image.truths.labels.length) }));
        return [name, new ProposalRecall(all, { proposalNums, iouThresholds })];
      }
      return [
        name,
        new LvisMatching(images, { ...common, classAgnostic: name === 'proposal', masks: name === 'segm' }),
      ];
    });
    if (prefix !== null) this.file = new CocoResultsFile(dataset, prefix);
  }

  add(imageId: number, detections: BoxDetections): void {
    // sizes of masks are those of their boxes, as in MMDetection's files of results
    const withAreas = { ...detections, areas: boxAreas(detections) };
    for (const [name, metric] of this.parts) metric.add(imageId, name === 'segm' ? withAreas : detections);
    this.file?.add(imageId, detections);
    this.images++;
    this.detections += detections.scores.length;
  }

  compute(): EvaluationReport {
    const { images, detections } = this;
    const { classwise, metric_items: items, prefix } = this.options;
    const log = prefix ?? 'lvis';
    const report: EvaluationReport = {
      metric: 'LVISMetric',
      metrics: {},
      perClass: [],
      images,
      truths: 0,
      detections,
      problems: [],
    };
    const logged: MetricValues = {};
    for (const [name, metric] of this.parts) {
      const part = metric.compute();
      const isAp = name === 'bbox' || name === 'segm';
      const before = name === 'bbox' ? '' : `${name}_`;
      const values = name === 'proposal_fast' ? part.metrics : this.named(part, isAp);
      for (const [key, value] of Object.entries(values)) {
        if (items && name !== 'proposal_fast' && !items.includes(key)) continue;
        report.metrics[before + key] = value;
        logged[`${log}/${isAp ? `${name}_` : ''}${key}`] = value;
      }
      if (!isAp) continue;
      report.truths = part.truths;
      report.perClass = part.perClass.map(({ metrics, ...row }, c) => ({
        ...row,
        metrics: {
          ...report.perClass[c]?.metrics,
          ...Object.fromEntries(ITEMS.filter((k) => k in metrics).map((k) => [before + k, metrics[k]])),
        },
      }));
      const classPrefix = name === 'segm' && this.parts.some(([other]) => other === 'bbox') ? 'segm_' : '';
      if (classwise)
        for (const row of part.perClass) logged[`${log}/${classPrefix}${row.class}_precision`] = row.metrics.AP;
    }
    return { ...report, logged };
  }

  /** LVIS's names. */
  private named({ metrics, perClass }: EvaluationReport, isAp: boolean): MetricValues {
    const { ARs, ARm, ARl } = metrics;
    const recalls = [metrics[RECALLS[0]], ARs, ARm, ARl].map((value, i) => [RECALLS[i], value] as const);
    if (!isAp) return Object.fromEntries(recalls);
    const precisions = lvisPrecisions({ metrics, perClass }, this.truths!.frequencies);
    return { ...precisions, ...Object.fromEntries(recalls) };
  }

  async write(): Promise<string[]> {
    return (await this.file?.write()) ?? [];
  }
}

const boxAreas = ({ bboxes, scores }: BoxDetections): Float64Array =>
  Float64Array.from(scores, (_, i) => (bboxes[4 * i + 2] - bboxes[4 * i]) * (bboxes[4 * i + 3] - bboxes[4 * i + 1]));
