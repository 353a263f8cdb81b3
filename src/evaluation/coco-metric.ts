// CocoMetric: COCO box evaluation as a config names it. Where MMDetection's keys are wanted (logs, comparisons), see
// `mmdetectionNames`.

import { z } from 'zod';
import type { Dataset } from '../data/types';
import { defineModule } from '../registry';
import { CocoBboxMetric } from './coco-bbox';
import { readCocoFile, truthsOfCoco, truthsOfDataset } from './image-truths';
import type { BoxMetric, EvaluationReport, MetricValues } from './report';

/** Makes a metric for the data set it will be fed with. */
export type MetricFactory = (dataset: Dataset) => Promise<BoxMetric>;

const onlyBbox = z.union([z.literal('bbox'), z.tuple([z.literal('bbox')])]);

export const CocoMetric = defineModule({
  kind: 'metric',
  type: 'CocoMetric',
  summary: 'Box average precision and recall over IoU 0.50:0.95, as COCOeval',
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'detections per image -> AP, AP50, AP75, APs, APm, APl, AR@n, ARs, ARm, ARl',
  example: "{ type: 'CocoMetric', metric: 'bbox' }",
  options: z.strictObject({
    ann_file: z
      .string()
      .nullable()
      .default(null)
      .describe('COCO file of the truths, taken exactly as pycocotools would; null: the truths the data set loaded'),
    metric: onlyBbox.default('bbox').describe('Only "bbox"'),
    classwise: z.boolean().default(false).describe('Accepted for compatibility; the report always lists every class'),
    proposal_nums: z
      .array(z.number().int().positive())
      .min(1)
      .default([1, 10, 100])
      .describe("Detections per image that count: COCOeval's 1, 10, 100 (MMDetection's default is 100, 300, 1000)"),
    iou_thrs: z
      .union([z.number(), z.array(z.number()).min(1).max(32)])
      .nullable()
      .default(null)
      .describe('IoU thresholds; null: 0.50, 0.55 .. 0.95'),
    metric_items: z.array(z.string()).nullable().default(null).describe('Accepted; the report always has all items'),
    format_only: z.literal(false).default(false).describe('Only false'),
    outfile_prefix: z.null().default(null).describe('Only null'),
    backend_args: z.null().default(null).describe('Only null'),
    collect_device: z.enum(['cpu', 'gpu']).default('cpu').describe('Accepted for compatibility'),
    prefix: z.string().nullable().default(null).describe('Accepted for compatibility'),
    sort_categories: z.literal(false).default(false).describe('Only false'),
    use_mp_eval: z.boolean().default(false).describe('Accepted for compatibility; evaluation takes seconds without'),
  }),
  build: (options): MetricFactory => {
    const thresholds = typeof options.iou_thrs === 'number' ? [options.iou_thrs] : options.iou_thrs;
    return async (dataset) =>
      new CocoBboxMetric(
        options.ann_file === null
          ? truthsOfDataset(dataset)
          : truthsOfCoco(await readCocoFile(options.ann_file), dataset.classes),
        {
          classes: dataset.classes,
          maxDets: options.proposal_nums,
          iouThresholds: thresholds ? [...thresholds].sort((a, b) => a - b) : undefined,
        },
      );
  },
});

/** A COCO report's numbers under MMDetection's log names: `coco/bbox_mAP`, `coco/bbox_mAP_50`... */
export function mmdetectionNames({ metrics }: Pick<EvaluationReport, 'metrics'>): MetricValues {
  const names: Record<string, string> = {
    AP: 'mAP',
    AP50: 'mAP_50',
    AP75: 'mAP_75',
    APs: 'mAP_s',
    APm: 'mAP_m',
    APl: 'mAP_l',
  };
  const counts = Object.keys(metrics).filter((key) => key.startsWith('AR@'));
  const last = counts.at(-1)?.slice(2) ?? '';
  for (const size of ['s', 'm', 'l']) names[`AR${size}`] = `AR_${size}${last}`;
  return Object.fromEntries(Object.entries(metrics).map(([key, value]) => [`coco/bbox_${names[key] ?? key}`, value]));
}
