// CocoMetric: COCO's evaluation of boxes, masks and proposals with MMDetection's options. `mmdetectionNames` gives the
// metrics under MMDetection's log names.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { DetLabError, didYouMean } from '../errors';
import { COCO_IOU_THRESHOLDS, CocoBboxMetric } from './coco-bbox';
import { CocoResultsFile } from './coco-results-file';
import { CocoSegmMetric } from './coco-segm';
import { CombinedMetric } from './combined-metric';
import { type ImageTruths, readCocoFile, truthsOfCoco, truthsOfDataset } from './image-truths';
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

/** Prefix of each kind's metrics in a report; those of boxes have none. */
const PREFIX: Record<MetricKind, string> = {
  bbox: '',
  segm: 'segm_',
  proposal: 'proposal_',
  proposal_fast: 'proposal_fast_',
};

/** Sorted as by pycocotools: MMYOLO's configs have [100, 1, 10]. */
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

export const CocoMetric = defineModule({
  kind: 'metric',
  type: 'CocoMetric',
  summary: "COCO's average precision and recall of boxes and masks over IoU 0.50:0.95, equal to pycocotools",
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'detections per image -> AP, AP50, AP75, APs, APm, APl, AR@n, ARs, ARm, ARl; segm_AP, ... of masks',
  example: "{ type: 'CocoMetric', metric: 'bbox' }",
  options: z
    .strictObject({
      ann_file: z
        .string()
        .nullable()
        .default(null)
        .describe("COCO file with the ground truth, read as by pycocotools; null: the dataset's ground truth"),
      ...averagePrecisionOptions('coco'),
      proposal_nums: z
        .array(z.number().int().positive())
        .min(1)
        .optional()
        .describe(
          'Maximum detections per image; default: [1, 10, 100] for boxes and masks, [100, 300, 1000] for proposals',
        ),
      metric_items: z
        .array(
          z
            .string()
            .regex(/^(mAP(_50|_75|_s|_m|_l)?|AR(_[sml])?@\d+)$/, 'expected mAP, mAP_50, .. or AR@100, AR_s@100, ..'),
        )
        .min(1)
        .nullable()
        .default(null)
        .describe('The metrics that are reported and logged, such as mAP, mAP_50, mAP_s, AR@100, AR_s@100; null: all'),
      ...resultsFileOptions('PREFIX.bbox.json, and PREFIX.segm.json where they have masks'),
      ...backendOptions,
      ...acceptedOptions,
      sort_categories: ignoredOption('categories are matched by name, in any order', {
        schema: z.boolean().default(false),
        harmless: anyValue,
      }),
      // left over where a config replaces VOCMetric by this one without _delete_, as pascal_voc's cocofmt
      eval_mode: ignoredOption("is VOCMetric's: COCO's AP is over 101 recalls", {
        schema: z.enum(['area', '11points']).optional(),
      }),
      use_mp_eval: ignoredOption('several processes compute the same values; one is enough here', {
        schema: z.boolean().default(false),
        harmless: anyValue,
      }),
    })
    .refine(writesOrComputes, NOTHING_TO_DO),
  build: (options): MetricFactory => {
    const maxDets = maximumDetections(options);
    return async (dataset) => {
      const truths =
        options.ann_file === null
          ? truthsOfDataset(dataset)
          : truthsOfCoco(await readCocoFile(options.ann_file), dataset.classes);
      return new CocoEvaluation(dataset, truths, { ...options, proposal_nums: maxDets });
    };
  },
});

type CocoOptions = z.output<(typeof CocoMetric)['options']>;

const MMDETECTION_NUMS = [100, 300, 1000];

/** The numbers of detections; MMDetection's own where a metric is asked for that only those give. */
function maximumDetections({ metric_items: items, proposal_nums: given }: CocoOptions): number[] | undefined {
  if (items === null) return given;
  const missing = (maxDets: readonly number[]) => items.find((item) => !itemsOf(maxDets).includes(item));
  const choices = given ? [given] : [[1, 10, 100], MMDETECTION_NUMS];
  const fits = choices.find((maxDets) => missing(maxDets) === undefined);
  if (fits) return fits;
  const [first] = choices;
  const unknown = missing(first)!;
  const known = itemsOf(first);
  throw new DetLabError(
    `Cannot report the metric item "${unknown}": proposal_nums: [${first}] gives ${known.join(', ')}.${didYouMean(unknown, known)}`,
  );
}

function itemsOf(maxDets: readonly number[]): string[] {
  const last = Math.max(...maxDets);
  return [
    ...Object.values(NAMES),
    ...maxDets.map((n) => `AR@${n}`),
    ...['s', 'm', 'l'].map((size) => `AR_${size}@${last}`),
  ];
}

/** The kinds of a CocoMetric over the same detections, and the files that it writes. */
class CocoEvaluation implements BoxMetric {
  private readonly metric: CombinedMetric;
  private readonly file?: CocoResultsFile;
  private images = 0;
  private detections = 0;

  constructor(
    dataset: Dataset,
    truths: ImageTruths[],
    private readonly options: CocoOptions,
  ) {
    const { outfile_prefix: prefix, format_only: formatOnly, metric } = options;
    const kinds = formatOnly ? [] : [...new Set([metric].flat())];
    const parts = kinds.map((name) => ({
      prefix: PREFIX[name],
      metric: metricOf(name, dataset, truths, options),
      recallOnly: name === 'proposal',
    }));
    this.metric = new CombinedMetric(parts);
    if (prefix !== null) this.file = new CocoResultsFile(dataset, prefix);
  }

  add(imageId: number, detections: BoxDetections): void {
    this.metric.add(imageId, detections);
    this.keep(imageId, detections);
  }

  async addAll(found: Iterable<readonly [number, BoxDetections]>): Promise<void> {
    const list = [...found];
    await this.metric.addAll(list);
    for (const [imageId, detections] of list) this.keep(imageId, detections);
  }

  private keep(imageId: number, detections: BoxDetections): void {
    this.file?.add(imageId, detections);
    this.images++;
    this.detections += detections.scores.length;
  }

  compute(): EvaluationReport {
    const { images, detections } = this;
    const { classwise, format_only, metric_items: items, prefix } = this.options;
    if (format_only)
      return {
        metric: 'CocoMetric',
        metrics: {},
        logged: {},
        perClass: [],
        images,
        truths: 0,
        detections,
        problems: [],
      };
    const whole = this.metric.compute();
    const keys = Object.keys(whole.metrics).filter((key) => items === null || isSelected(key, whole, items));
    const select = (metrics: MetricValues) =>
      Object.fromEntries(keys.filter((k) => k in metrics).map((k) => [k, metrics[k]]));
    const report = {
      ...whole,
      metrics: select(whole.metrics),
      perClass: whole.perClass.map((row) => ({ ...row, metrics: select(row.metrics) })),
    };
    const logged = mmdetectionNames(whole, prefix ?? undefined, keys);
    return { ...report, logged: { ...logged, ...(classwise && precisionsOf(whole, prefix ?? 'coco')) } };
  }

  async write(): Promise<string[]> {
    return (await this.file?.write()) ?? [];
  }
}

function metricOf(
  name: MetricKind,
  { classes }: Dataset,
  truths: ImageTruths[],
  { iou_thrs, proposal_nums: maxDets }: CocoOptions,
): BoxMetric {
  const thresholds = typeof iou_thrs === 'number' ? [iou_thrs] : iou_thrs;
  const iouThresholds = thresholds ? ascending(thresholds) : undefined;
  const proposalNums = maxDets ?? MMDETECTION_NUMS;
  const common = { classes, iouThresholds };
  if (name === 'proposal')
    return new CocoBboxMetric(truths, { ...common, maxDets: ascending(proposalNums), classAgnostic: true });
  if (name === 'proposal_fast')
    return new ProposalRecall(truths, { proposalNums, iouThresholds: iouThresholds ?? COCO_IOU_THRESHOLDS });
  return new (name === 'segm' ? CocoSegmMetric : CocoBboxMetric)(truths, {
    ...common,
    maxDets: ascending(maxDets ?? [1, 10, 100]),
  });
}

/** AP of every class under MMDetection's name; that of masks has its kind in the name where boxes are evaluated too. */
function precisionsOf({ perClass, metrics }: EvaluationReport, prefix: string): MetricValues {
  const logged: MetricValues = {};
  for (const { class: name, metrics: values } of perClass) {
    if ('AP' in metrics) logged[`${prefix}/${name}_precision`] = values.AP;
    if ('segm_AP' in metrics) logged[`${prefix}/${'AP' in metrics ? 'segm_' : ''}${name}_precision`] = values.segm_AP;
  }
  return logged;
}

const NAMES: Record<string, string> = {
  AP: 'mAP',
  AP50: 'mAP_50',
  AP75: 'mAP_75',
  APs: 'mAP_s',
  APm: 'mAP_m',
  APl: 'mAP_l',
};

const kindPrefix = (key: string): string => Object.values(PREFIX).findLast((p) => p !== '' && key.startsWith(p)) ?? '';

/** The name of a metric without its kind, as MMDetection's metric_items have it: mAP_50, AR@100, AR_s@100. */
function itemOf(key: string, metrics: MetricValues): string {
  const prefix = kindPrefix(key);
  const name = key.slice(prefix.length);
  // recall by size is that of the largest number of detections
  const recalls = Object.keys(metrics).filter((other) => other.startsWith(`${prefix}AR@`));
  const maxDets = recalls.at(-1)?.slice(prefix.length + 2) ?? '';
  return /^AR[sml]$/.test(name) ? `AR_${name[2]}${maxDets}` : (NAMES[name] ?? name);
}

/** Of MMDetection's proposal_fast, every recall is reported. */
const isSelected = (key: string, { metrics }: EvaluationReport, items: readonly string[]): boolean =>
  kindPrefix(key) === PREFIX.proposal_fast || items.includes(itemOf(key, metrics));

/** A COCO report's metrics under MMDetection's log names: `coco/bbox_mAP`, `coco/segm_mAP_50`, `coco/AR@100`... */
export function mmdetectionNames(
  { metrics }: Pick<EvaluationReport, 'metrics'>,
  logPrefix = 'coco',
  keys: readonly string[] = Object.keys(metrics),
): MetricValues {
  const named = keys.map((key) => {
    const prefix = kindPrefix(key);
    const kindName = prefix === '' ? 'bbox_' : prefix === 'segm_' ? 'segm_' : '';
    return [`${logPrefix}/${kindName}${itemOf(key, metrics)}`, metrics[key]] as const;
  });
  return Object.fromEntries(named);
}
