// BoundaryMetric: COCO's mask evaluation by boundary IoU, which is sensitive to the outlines of large objects.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import { BOUNDARY_RATIO } from '../masks';
import { BoundaryOverlaps } from './boundary-overlaps';
import { CocoBboxMetric } from './coco-bbox';
import { mmdetectionNames } from './coco-metric';
import { ignoringMaskless } from './coco-segm';
import { truthsOfDataset } from './image-truths';
import type { BoxMetric, EvaluationReport, MetricFactory } from './report';

export const BoundaryMetric = defineModule({
  kind: 'metric',
  type: 'BoundaryMetric',
  summary: "COCO's average precision of masks by boundary IoU, equal to boundary-iou-api",
  paper: 'Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR 2021',
  shapes: 'detections with masks per image -> AP, AP50, AP75, APs, APm, APl, AR@n, ARs, ARm, ARl',
  example: "{ type: 'BoundaryMetric', dilation_ratio: 0.02 }",
  options: z.strictObject({
    metric: z.literal('segm').default('segm').describe('Only masks have boundaries'),
    dilation_ratio: z
      .number()
      .positive()
      .max(1)
      .default(BOUNDARY_RATIO)
      .describe('Width of a boundary in diagonals of the image'),
    proposal_nums: z.array(z.number().int().positive()).min(1).default([1, 10, 100]).describe('Detections per image'),
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: boundary'),
  }),
  build:
    ({ dilation_ratio, prefix, proposal_nums: nums }): MetricFactory =>
    async ({ classes, records }) => {
      const truths = truthsOfDataset({ records }).map(ignoringMaskless);
      const maxDets = [...nums].sort((a, b) => a - b);
      const metric = new CocoBboxMetric(truths, { classes, maxDets }, new BoundaryOverlaps(dilation_ratio));
      return named(metric, prefix ?? 'boundary');
    },
});

const named = (metric: BoxMetric, prefix: string): BoxMetric => ({
  add: (imageId, detections) => metric.add(imageId, detections),
  compute: (): EvaluationReport => {
    const report = metric.compute();
    return { ...report, metric: 'BoundaryMetric', logged: mmdetectionNames(report, prefix) };
  },
});
