// The options of the heads of the DETR family, and what can be inferred of them.

import { z } from 'zod';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { initCfg } from '../../nn';
import { inferNumClasses } from '../inferred-options/infer-num-classes';

const defaultAssigner = {
  type: 'HungarianAssigner',
  match_costs: [
    { type: 'ClassificationCost', weight: 1 },
    { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
    { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
  ],
};

export const detrTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Which prediction learns which truth'),
});
export const detrTestCfg = z.strictObject({
  max_per_img: z.int().positive().optional().describe('Detections an image at most; as many as queries when absent'),
});

export const detrHeadOptions = {
  num_classes: z.int().positive().optional().describe('Foreground classes'),
  embed_dims: z.int().positive().default(256).describe('Channels of a query'),
  num_reg_fcs: z.int().positive().default(2).describe('Fully connected layers before the box'),
  sync_cls_avg_factor: z
    .boolean()
    .default(false)
    .describe('Average over all processes; accepted and without effect in one process'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', bg_cls_weight: 0.1, use_sigmoid: false, loss_weight: 1, class_weight: 1 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss').default({ type: 'L1Loss', loss_weight: 5 }).describe('Loss of normalised boxes'),
  loss_iou: moduleOption('loss').default({ type: 'GIoULoss', loss_weight: 2 }).describe('Loss of boxes in pixels'),
  train_cfg: detrTrainCfg
    .nullish()
    .default({ assigner: defaultAssigner })
    .describe('How it learns; set by the detector'),
  test_cfg: detrTestCfg.nullish().default({ max_per_img: 100 }).describe('How it predicts; set by the detector'),
  init_cfg: initCfg.nullish().describe('Where the weights start from'),
};
export type DETRHeadOptions = z.output<z.ZodObject<typeof detrHeadOptions>>;
export type DETRHeadConfig = DETRHeadOptions & { num_classes: number };

export const detrHeadInferred = { num_classes: 'the classes of the data set' };

/** Fills the classes; refuses what contradicts the data set. */
export function inferDETRHead<O extends DETRHeadOptions>(type: string, given: O, context: BuildContext): O {
  return { ...given, num_classes: inferNumClasses(type, given.num_classes, context) };
}

/**
 * The classification loss with `class_weight: 1, bg_cls_weight: 0.1` (one number for all classes, one for the background)
 * written out as a weight per class.
 */
export function perClassWeights(loss: ModuleConfig, classes: number): { loss: ModuleConfig; background: number } {
  const { bg_cls_weight, class_weight, ...rest } = loss;
  if (typeof class_weight !== 'number') return { loss: bg_cls_weight === undefined ? loss : rest, background: 0 };
  const background = typeof bg_cls_weight === 'number' ? bg_cls_weight : class_weight;
  const weights = [...new Array<number>(classes).fill(class_weight), background];
  return { loss: { ...rest, type: loss.type, class_weight: weights }, background };
}
