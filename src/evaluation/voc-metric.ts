// VOCMetric: Pascal VOC's mean average precision with MMDetection's options.

import { z } from 'zod';
import { ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { MetricFactory } from './coco-metric';
import { truthsOfDataset } from './image-truths';
import { VocBboxMetric } from './voc-bbox';

export const VOCMetric = defineModule({
  kind: 'metric',
  type: 'VOCMetric',
  summary: "Pascal VOC's mean average precision at IoU 0.5",
  paper: 'Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2010',
  shapes: 'detections per image -> mAP, AP50',
  example: "{ type: 'VOCMetric', metric: 'mAP', eval_mode: '11points' }",
  options: z.strictObject({
    iou_thrs: z
      .union([z.number(), z.array(z.number()).min(1)])
      .default(0.5)
      .describe('IoU thresholds'),
    metric: z
      .union([z.literal('mAP'), z.tuple([z.literal('mAP')])])
      .default('mAP')
      .describe('Only "mAP"'),
    eval_mode: z
      .enum(['11points', 'area'])
      .default('11points')
      .describe('Mean precision at 11 recalls (VOC2007), or area under the precision-recall curve (VOC2012)'),
    scale_ranges: z.null().default(null).describe('Only null: boxes of every size'),
    proposal_nums: z
      .array(z.number().int())
      .default([100, 300, 1000])
      .describe('Accepted: of recall, which is not computed'),
    collect_device: z.enum(['cpu', 'gpu']).default('cpu').describe('Accepted: concerns several processes'),
    prefix: ignoredOption('names of the log begin with pascal_voc/', {
      schema: z.string().nullable().default(null),
      harmless: ['pascal_voc'],
    }),
  }),
  build: (options): MetricFactory => {
    const iouThresholds = typeof options.iou_thrs === 'number' ? [options.iou_thrs] : options.iou_thrs;
    return async (dataset) =>
      new VocBboxMetric(truthsOfDataset(dataset), { classes: dataset.classes, iouThresholds, mode: options.eval_mode });
  },
});
