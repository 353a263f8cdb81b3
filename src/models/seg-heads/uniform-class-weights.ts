// Weights of the classes in the loss of query heads: one number for all and one for no object, or a list. A list of equal weights but the
// last is fitted to the number of classes, so that a config fits other data.

import type { ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

/** @throws DetLabError for a list of different weights that is not of the classes */
export function uniformClassWeights(
  { class_weight: given, bg_cls_weight: background, ...rest }: ModuleConfig,
  classes: number,
  path: string,
): { loss: ModuleConfig; weights: number[] } {
  const uniform = (weight: number, last: number) => [...new Array<number>(classes).fill(weight), last];
  const of = (weights: number[]) => ({ loss: { ...rest, type: rest.type, class_weight: weights }, weights });
  if (given === undefined || given === null) return { loss: { ...rest, type: rest.type }, weights: uniform(1, 1) };
  if (typeof given === 'number') return of(uniform(given, typeof background === 'number' ? background : given));
  const list = given as number[];
  if (list.length === classes + 1) return of(list);
  if (list.length > 1 && new Set(list.slice(0, -1)).size === 1) return of(uniform(list[0], list[list.length - 1]));
  throw new DetLabError(
    `Cannot build ${path}: class_weight has ${list.length} weights, expected ${classes + 1}: one for each class and one for no object`,
  );
}
