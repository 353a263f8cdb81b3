// The options of the heads of the DETR family, and what can be inferred of them.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { initOption, lossClsOption, numClassesOption, trainCfgText } from './head-options';

const defaultAssigner = {
  type: 'HungarianAssigner',
  match_costs: [
    { type: 'ClassificationCost', weight: 1 },
    { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
    { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
  ],
};

export const detrTrainCfg = z.strictObject({
  assigner: moduleOption('assigner').describe('Matches predictions with ground-truth boxes'),
});
export const detrTestCfg = z.strictObject({
  max_per_img: z
    .int()
    .positive()
    .optional()
    .describe('Maximum number of detections per image; the number of queries when absent'),
});

export const detrHeadOptions = {
  num_classes: numClassesOption,
  embed_dims: z.int().positive().default(256).describe('Channels of a query'),
  num_reg_fcs: z.int().positive().default(2).describe('Number of fully connected layers before the box prediction'),
  sync_cls_avg_factor: ignoredOption(
    'in a run of several processes the divisor of the classification loss is always averaged over them',
    { schema: z.boolean().default(false), harmless: anyValue },
  ),
  loss_cls: lossClsOption({
    type: 'CrossEntropyLoss',
    bg_cls_weight: 0.1,
    use_sigmoid: false,
    loss_weight: 1,
    class_weight: 1,
  }),
  loss_bbox: moduleOption('loss')
    .default({ type: 'L1Loss', loss_weight: 5 })
    .describe('Box regression loss on normalised boxes'),
  loss_iou: moduleOption('loss').default({ type: 'GIoULoss', loss_weight: 2 }).describe('IoU loss on boxes in pixels'),
  train_cfg: detrTrainCfg.nullish().default({ assigner: defaultAssigner }).describe(trainCfgText),
  test_cfg: detrTestCfg
    .nullish()
    .default({ max_per_img: 100 })
    .describe('Post-processing, passed down by the detector'),
  init_cfg: initOption,
};
export type DETRHeadOptions = z.output<z.ZodObject<typeof detrHeadOptions>>;
export type DETRHeadConfig = DETRHeadOptions & { num_classes: number };

export const detrHeadInferred = { num_classes: 'the classes of the dataset' };

/** Fills the number of classes; throws where it contradicts the dataset. */
export function inferDETRHead<O extends DETRHeadOptions>(type: string, given: O, context: BuildContext): O {
  return { ...given, num_classes: inferNumClasses(type, given.num_classes, context) };
}

/**
 * The classification loss with `class_weight: 1, bg_cls_weight: 0.1` (one number for all classes, one for the background)
 * written out as a weight per class; of a list of one weight per class the background's is bg_cls_weight too, where MMDetection
 * takes one number alone. With use_sigmoid, one number stays the weight of the positives.
 */
export function perClassWeights(loss: ModuleConfig, classes: number): { loss: ModuleConfig; background: number } {
  const { bg_cls_weight, class_weight, ...rest } = loss;
  const weight = class_weight === undefined ? {} : { class_weight };
  if (Array.isArray(class_weight) && class_weight.length === classes && typeof bg_cls_weight === 'number')
    return {
      loss: { ...rest, type: loss.type, class_weight: [...class_weight, bg_cls_weight] },
      background: bg_cls_weight,
    };
  if (typeof class_weight !== 'number' || loss.use_sigmoid === true)
    return { loss: { ...rest, type: loss.type, ...weight }, background: 0 };
  const background = typeof bg_cls_weight === 'number' ? bg_cls_weight : class_weight;
  const weights = [...new Array<number>(classes).fill(class_weight), background];
  return { loss: { ...rest, type: loss.type, class_weight: weights }, background };
}
