// The `nms` of a test_cfg, and what one image's detections are measured against.

import { z } from 'zod';

export const nmsOption = z.strictObject({
  type: z.enum(['nms', 'soft_nms']).default('nms').describe('Hard or soft suppression'),
  iou_threshold: z.number().min(0).max(1).optional().describe('Overlap from which the worse box is dropped'),
  offset: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('Added to widths and heights (1: MMDetection 1.x)'),
  score_threshold: z.number().optional().describe('Boxes of lower score are left out before suppression'),
  max_num: z.number().int().optional().describe('Largest number of boxes kept per class; -1 for all'),
  class_agnostic: z.boolean().optional().describe('Suppress across classes and levels'),
  split_thr: z.number().int().optional().describe('From this many boxes on, classes are suppressed one by one'),
  sigma: z.number().positive().optional().describe('soft_nms: width of the gaussian'),
  min_score: z.number().optional().describe('soft_nms: boxes whose score falls below are dropped'),
  method: z.enum(['naive', 'linear', 'gaussian']).optional().describe('soft_nms: how scores fall with overlap'),
});
