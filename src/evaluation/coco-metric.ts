// CocoMetric: COCO's evaluation of boxes, masks and proposals as a config names it. Where MMDetection's keys are wanted (logs, comparisons), see
// `mmdetectionNames`.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { COCO_IOU_THRESHOLDS, CocoBboxMetric } from './coco-bbox';
import { CocoSegmMetric } from './coco-segm';
import { CombinedMetric } from './combined-metric';
import { readCocoFile, truthsOfCoco, truthsOfDataset } from './image-truths';
import { ProposalRecall } from './proposal-recall';
import type { BoxMetric, EvaluationReport, MetricValues } from './report';

/** Makes a metric for the dataset it will be fed with. */
export type MetricFactory = (dataset: Dataset) => Promise<BoxMetric>;

const kind = z.enum(['bbox', 'segm', 'proposal', 'proposal_fast']);
type MetricKind = z.output<typeof kind>;

/** What stands before a kind's numbers in a report: those of boxes stand alone. */
const PREFIX: Record<MetricKind, string> = {
  bbox: '',
  segm: 'segm_',
  proposal: 'proposal_',
  proposal_fast: 'proposal_fast_',
};

/** As pycocotools, which puts them in order itself: MMYOLO's configs say [100, 1, 10]. */
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

export const CocoMetric = defineModule({
  kind: 'metric',
  type: 'CocoMetric',
  summary: 'Average precision and recall of boxes and masks over IoU 0.50:0.95, as COCOeval',
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'detections per image -> AP, AP50, AP75, APs, APm, APl, AR@n, ARs, ARm, ARl; segm_AP, ... of masks',
  example: "{ type: 'CocoMetric', metric: 'bbox' }",
  options: z.strictObject({
    ann_file: z
      .string()
      .nullable()
      .default(null)
      .describe('COCO file of the truths, taken exactly as pycocotools would; null: the truths the dataset loaded'),
    metric: z
      .union([kind, z.array(kind).min(1)])
      .default('bbox')
      .describe('Boxes, masks, or recall of proposals whatever their class; a list for several'),
    classwise: z.boolean().default(false).describe('Accepted for compatibility; the report always lists every class'),
    proposal_nums: z
      .array(z.number().int().positive())
      .min(1)
      .optional()
      .describe(
        "Detections per image that count; COCOeval's 1, 10, 100 for boxes and masks, 100, 300, 1000 for proposals",
      ),
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
    const kinds = [...new Set([options.metric].flat())];
    return async (dataset) => {
      const truths =
        options.ann_file === null
          ? truthsOfDataset(dataset)
          : truthsOfCoco(await readCocoFile(options.ann_file), dataset.classes);
      const iouThresholds = thresholds ? [...thresholds].sort((a, b) => a - b) : undefined;
      const make = (of: MetricKind): BoxMetric => {
        const { proposal_nums: given } = options;
        const proposalNums = given ?? [100, 300, 1000];
        const common = { classes: dataset.classes, iouThresholds };
        if (of === 'proposal')
          return new CocoBboxMetric(truths, { ...common, maxDets: ascending(proposalNums), classAgnostic: true });
        if (of === 'proposal_fast')
          return new ProposalRecall(truths, { proposalNums, iouThresholds: iouThresholds ?? COCO_IOU_THRESHOLDS });
        return new (of === 'segm' ? CocoSegmMetric : CocoBboxMetric)(truths, {
          ...common,
          maxDets: ascending(given ?? [1, 10, 100]),
        });
      };
      return new CombinedMetric(
        kinds.map((of) => ({ prefix: PREFIX[of], metric: make(of), recallOnly: of === 'proposal' })),
      );
    };
  },
});

const NAMES: Record<string, string> = {
  AP: 'mAP',
  AP50: 'mAP_50',
  AP75: 'mAP_75',
  APs: 'mAP_s',
  APm: 'mAP_m',
  APl: 'mAP_l',
};

/** A COCO report's numbers under MMDetection's log names: `coco/bbox_mAP`, `coco/segm_mAP_50`, `coco/AR@100`... */
export function mmdetectionNames({ metrics }: Pick<EvaluationReport, 'metrics'>): MetricValues {
  const named = Object.entries(metrics).map(([key, value]) => {
    const prefix = Object.values(PREFIX).findLast((p) => p !== '' && key.startsWith(p)) ?? '';
    const own = key.slice(prefix.length);
    // the sizes' recall is that of the largest number of detections
    const counts = Object.keys(metrics).filter((other) => other.startsWith(`${prefix}AR@`));
    const last = counts.at(-1)?.slice(prefix.length + 2) ?? '';
    const sized = /^AR[sml]$/.test(own) ? `AR_${own[2]}${last}` : (NAMES[own] ?? own);
    const kindName = prefix === '' ? 'bbox_' : prefix === 'segm_' ? 'segm_' : '';
    return [`coco/${kindName}${sized}`, value] as const;
  });
  return Object.fromEntries(named);
}

declare module '../catalogue/registry' {
  interface Built {
    metric: MetricFactory;
  }
}
