// CocoMetric: COCO's evaluation of boxes, masks and proposals with MMDetection's options.

import { z } from 'zod';
import { ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { COCO_IOU_THRESHOLDS, CocoBboxMetric } from './coco-bbox';
import { CocoSegmMetric } from './coco-segm';
import { CombinedMetric } from './combined-metric';
import { readCocoFile, truthsOfCoco, truthsOfDataset } from './image-truths';
import { ProposalRecall } from './proposal-recall';
import type { BoxMetric } from './report';

/** Creates a metric for a dataset. */
export type MetricFactory = (dataset: Dataset) => Promise<BoxMetric>;

const kind = z.enum(['bbox', 'segm', 'proposal', 'proposal_fast']);
type MetricKind = z.output<typeof kind>;

/** Prefix of each kind's metrics in a report; those of boxes have none. */
export const COCO_PREFIXES: Record<MetricKind, string> = {
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
  options: z.strictObject({
    ann_file: z
      .string()
      .nullable()
      .default(null)
      .describe("COCO file with the ground truth, read as by pycocotools; null: the dataset's ground truth"),
    metric: z
      .union([kind, z.array(kind).min(1)])
      .default('bbox')
      .describe('bbox: boxes; segm: masks; proposal, proposal_fast: class-agnostic recall; a list for several'),
    classwise: z.boolean().default(false).describe('Accepted: the report always lists every class'),
    proposal_nums: z
      .array(z.number().int().positive())
      .min(1)
      .optional()
      .describe(
        'Maximum detections per image; default: [1, 10, 100] for boxes and masks, [100, 300, 1000] for proposals',
      ),
    iou_thrs: z
      .union([z.number(), z.array(z.number()).min(1).max(32)])
      .nullable()
      .default(null)
      .describe('IoU thresholds; null: 0.50, 0.55 .. 0.95'),
    metric_items: ignoredOption('the report has all metrics', { schema: z.array(z.string()).nullable().default(null) }),
    format_only: ignoredOption('metrics are computed, no file of detections is written', {
      schema: z.boolean().default(false),
      lost: true,
    }),
    outfile_prefix: ignoredOption('no file of detections is written; `detlab predict --json` prints them', {
      schema: z.string().nullable().default(null),
      lost: true,
    }),
    backend_args: z.null().default(null).describe('Only null'),
    file_client_args: z.null().optional().describe('Only null'),
    collect_device: z.enum(['cpu', 'gpu']).default('cpu').describe('Accepted: concerns several processes'),
    prefix: ignoredOption('names of the log begin with coco/', {
      schema: z.string().nullable().default(null),
      harmless: ['coco'],
    }),
    sort_categories: z.boolean().default(false).describe('Accepted: categories are matched by name, in any order'),
    use_mp_eval: ignoredOption('metrics are computed in one process', { schema: z.boolean().default(false) }),
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
      const createMetric = (metricKind: MetricKind): BoxMetric => {
        const { proposal_nums: maxDets } = options;
        const proposalNums = maxDets ?? [100, 300, 1000];
        const common = { classes: dataset.classes, iouThresholds };
        if (metricKind === 'proposal')
          return new CocoBboxMetric(truths, { ...common, maxDets: ascending(proposalNums), classAgnostic: true });
        if (metricKind === 'proposal_fast')
          return new ProposalRecall(truths, { proposalNums, iouThresholds: iouThresholds ?? COCO_IOU_THRESHOLDS });
        return new (metricKind === 'segm' ? CocoSegmMetric : CocoBboxMetric)(truths, {
          ...common,
          maxDets: ascending(maxDets ?? [1, 10, 100]),
        });
      };
      return new CombinedMetric(
        kinds.map((name) => ({
          prefix: COCO_PREFIXES[name],
          metric: createMetric(name),
          recallOnly: name === 'proposal',
        })),
      );
    };
  },
});

declare module '../catalogue/registry' {
  interface Built {
    metric: MetricFactory;
  }
}
