// Options that several of MMDetection's metrics share.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';

/** Every metric's. */
export const acceptedOptions = {
  collect_device: ignoredOption('concerns several processes', {
    schema: z.enum(['cpu', 'gpu']).default('cpu'),
    harmless: anyValue,
  }),
};

/** The `ann_file` of a metric that reads none; in a config findRelatedSettings names one that is not the dataset's. */
export const datasetTruth = ignoredOption("the ground truth is the dataset's", {
  schema: z.string().nullish(),
  harmless: anyValue,
});

/** Those of a metric that reads a ground-truth file. */
export const backendOptions = {
  backend_args: z.null().default(null).describe('Only null'),
  file_client_args: z.null().optional().describe('Only null'),
};

/** Those of a metric that writes detections; `files` are their names, such as PREFIX.json. */
export const resultsFileOptions = (files: string) => ({
  format_only: z
    .boolean()
    .default(false)
    .describe('Only write the detections, for a server that evaluates them; needs outfile_prefix'),
  outfile_prefix: z.string().min(1).nullable().default(null).describe(`Write the detections as ${files}`),
});

/** To refine the whole: nothing is computed, so something must be written. */
export const writesOrComputes = (options: { format_only: boolean; outfile_prefix: string | null }): boolean =>
  !options.format_only || options.outfile_prefix !== null;

export const NOTHING_TO_DO = {
  message:
    "format_only writes the detections and computes nothing: it needs outfile_prefix, such as 'work_dirs/results'",
};

/** Those of COCO's and LVIS's metrics. */
export const averagePrecisionOptions = (log: string) => ({
  metric: z
    .union([z.enum(METRIC_KINDS), z.array(z.enum(METRIC_KINDS)).min(1)])
    .default('bbox')
    .describe('bbox: boxes; segm: masks; proposal, proposal_fast: class-agnostic recall; a list for several'),
  classwise: z
    .boolean()
    .default(false)
    .describe(`Log the AP of every class too, as ${log}/CLASS_precision; the report always lists every class`),
  iou_thrs: z
    .union([z.number(), z.array(z.number()).min(1).max(32)])
    .nullable()
    .default(null)
    .describe('IoU thresholds; null: 0.50, 0.55 .. 0.95'),
  prefix: z.string().min(1).nullable().default(null).describe(`In the names of the log; null: ${log}`),
});

const METRIC_KINDS = ['bbox', 'segm', 'proposal', 'proposal_fast'] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];
