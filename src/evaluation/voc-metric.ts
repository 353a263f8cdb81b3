// VOCMetric: Pascal VOC's mean average precision, and recall of proposals, with MMDetection's options. Where MMDetection fails
// (rounding the list of means that scale_ranges give) or counts the proposals of the first class alone, this goes on, and takes all.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { truthsOfDataset } from './image-truths';
import { acceptedOptions } from './metric-options';
import { ProposalRecall } from './proposal-recall';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { VocBboxMetric } from './voc-bbox';

const name = z.enum(['mAP', 'recall']);

export const VOCMetric = defineModule({
  kind: 'metric',
  type: 'VOCMetric',
  summary: "Pascal VOC's mean average precision at IoU 0.5, or the recall of proposals",
  paper: 'Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2010',
  shapes: 'detections per image -> mAP, AP50; or recall@100@0.5, AR@100',
  example: "{ type: 'VOCMetric', metric: 'mAP', eval_mode: '11points' }",
  options: z.strictObject({
    iou_thrs: z
      .union([z.number(), z.array(z.number()).min(1)])
      .default(0.5)
      .describe('IoU thresholds'),
    metric: z
      .union([name, z.tuple([name])])
      .default('mAP')
      .describe('mAP, or recall: the share of ground-truth boxes that are found regardless of class'),
    eval_mode: z
      .enum(['11points', 'area'])
      .default('11points')
      .describe('Mean precision at 11 recalls (VOC2007), or area under the precision-recall curve (VOC2012)'),
    scale_ranges: z
      .array(z.tuple([z.number().nonnegative(), z.number().positive()]))
      .min(1)
      .nullable()
      .default(null)
      .describe('AP of boxes by size as well: [[0, 32], [32, 96]] are areas below 32^2, then below 96^2 square pixels'),
    proposal_nums: z
      .array(z.number().int().positive())
      .min(1)
      .default([100, 300, 1000])
      .describe('Numbers of proposals per image, of recall'),
    ...acceptedOptions,
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: pascal_voc'),
  }),
  build: (options): MetricFactory => {
    return async (dataset) => new VocEvaluation(dataset, options);
  },
});

type VocOptions = z.output<(typeof VOCMetric)['options']>;

class VocEvaluation implements BoxMetric {
  private readonly metric: VocBboxMetric | VocRecall;

  constructor(
    { records, classes }: Dataset,
    private readonly options: VocOptions,
  ) {
    const iouThresholds = [options.iou_thrs].flat();
    const truths = truthsOfDataset({ records });
    const { eval_mode: mode, scale_ranges: ranges } = options;
    this.metric =
      [options.metric].flat()[0] === 'mAP'
        ? new VocBboxMetric(truths, { classes, iouThresholds, mode, scaleRanges: ranges ?? undefined })
        : new VocRecall(truths, { proposalNums: options.proposal_nums, iouThresholds, legacyCoordinates: true });
  }

  add(imageId: number, detections: BoxDetections): void {
    this.metric.add(imageId, detections);
  }

  compute(): EvaluationReport {
    const report = this.metric.compute();
    const prefix = this.options.prefix ?? 'pascal_voc';
    const logged = Object.fromEntries(
      Object.entries(report.metrics).map(([key, value]) => [`${prefix}/${key}`, value]),
    );
    return { ...report, logged };
  }
}

/** `recall@100@0.5`, ..., and their mean `AR@100` over several thresholds. */
class VocRecall extends ProposalRecall {
  override compute(): EvaluationReport {
    const { recalls, truths } = this.table();
    const { iouThresholds, proposalNums } = this.options;
    const metrics: MetricValues = {};
    for (const [k, count] of proposalNums.entries())
      for (const [t, threshold] of iouThresholds.entries()) metrics[`recall@${count}@${threshold}`] = recalls[k][t];
    const averages = iouThresholds.length > 1 ? super.compute().metrics : {};
    return { ...super.compute(), metric: 'VOCMetric', metrics: { ...metrics, ...averages }, truths };
  }
}
