// The IoU calculator that most assigners take as an option.

import { type BuildContext, type ModuleConfig, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { IouCalculator } from '../types';

export const iouCalculatorOption = moduleOption('iou_calculator')
  .default({ type: 'BboxOverlaps2D' })
  .describe('Computes the overlaps of two sets of boxes');

/** @throws DetLabError for one that compares rotated boxes, unless they are read as well */
export function buildIouCalculator(
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
  { rotated = false } = {},
): IouCalculator {
  const calculator = registry.build('iou_calculator', config, { path: `${path}.iou_calculator` });
  if (!calculator.rotated || rotated) return calculator;
  throw new DetLabError(
    `Cannot use ${config.type} at ${path}.iou_calculator: it compares rotated boxes, and this assigner reads upright ones. ` +
      'Use BatchDynamicSoftLabelAssigner, or BboxOverlaps2D',
  );
}
