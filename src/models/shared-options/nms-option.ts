// The `nms` of a test_cfg, and what one image's detections are measured against.

import { z } from 'zod';

export const nmsOption = z.strictObject({
  type: z.enum(['nms', 'soft_nms']).default('nms').describe('Hard or soft non-maximum suppression'),
  iou_threshold: z.number().min(0).max(1).optional().describe('IoU above which the box of lower score is suppressed'),
  offset: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('Added to widths and heights (1: MMDetection 1.x)'),
  score_threshold: z.number().optional().describe('Boxes of lower score are dropped before suppression'),
  max_num: z.number().int().optional().describe('Maximum number of boxes kept per class; -1: all'),
  class_agnostic: z.boolean().optional().describe('Suppress across classes and levels'),
  split_thr: z.number().int().optional().describe('Number of boxes from which suppression runs class by class'),
  sigma: z.number().positive().optional().describe('soft_nms: sigma of the Gaussian decay'),
  min_score: z.number().optional().describe('soft_nms: boxes whose score decays below this are dropped'),
  method: z.enum(['naive', 'linear', 'gaussian']).optional().describe('soft_nms: decay of the score with the IoU'),
});
