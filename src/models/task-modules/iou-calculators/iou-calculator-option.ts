// The IoU calculator that most assigners take as an option.

import { type BuildContext, type ModuleConfig, moduleOption } from '../../../catalogue/registry';
import type { IouCalculator } from '../types';

export const iouCalculatorOption = moduleOption('iou_calculator')
  .default({ type: 'BboxOverlaps2D' })
  .describe('Computes the overlaps of two sets of boxes');

export const buildIouCalculator = (
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
): IouCalculator => registry.build('iou_calculator', config, { path: `${path}.iou_calculator` });
