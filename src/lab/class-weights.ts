// `fit(data, { classWeights: 'balanced' })`: a factor on the classification loss of each class, written into the config as the
// `class_weight` of the heads' losses. Losses without one (FocalLoss and those of quality) are refused: nothing would happen.

import { z } from 'zod';
import { balancedWeights } from '../analysis/balanced-weights';
import type { Kind } from '../catalogue/registry';
import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from '../config';
import { countObjects, type Dataset } from '../data';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { catalogue } from './catalogue';
import { detectorPath, objectAt, valueAt } from './config-access';

/**
 * By the number of objects of each class (`'balanced'`: inverse, `'sqrt'`: by its root; with a mean of 1 over the objects), by
 * label, or by name: the others have 1.
 */
export type ClassWeights = 'balanced' | 'sqrt' | readonly number[] | Readonly<Record<string, number>>;

/**
 * The config with these weights, and a line about them.
 * @throws DetLabError for classes that there are not, and for losses without class weights
 */
export function withClassWeights(
  config: ConfigObject,
  data: Dataset,
  given: ClassWeights,
): { config: ConfigObject; line: string } {
  const weights = weightsOf(data, given).map((weight) => Number(weight.toPrecision(6)));
  const changed = cloneConfig(config);
  for (const path of headPaths(config)) weighHead(changed, path, weights);
  const list = data.classes.map((name, label) => `${name} ${weights[label]}`);
  const rule = typeof given === 'string' ? `${given}, of the objects of "${data.name}"` : 'as given';
  return { config: changed, line: `class weights (${rule}): ${list.join(', ')}` };
}

function weightsOf(data: Dataset, given: ClassWeights): number[] {
  const { name, classes } = data;
  const fail = (problem: string): never => {
    throw new DetLabError(
      `Cannot weigh the classes of "${name}": ${problem} Use 'balanced', 'sqrt', ` +
        `a list of ${classes.length} numbers, or { '${classes[0]}': 2 }`,
    );
  };
  const check = (weight: unknown, of: string) =>
    typeof weight === 'number' && weight > 0 && Number.isFinite(weight)
      ? weight
      : fail(`expected a number above 0 as the weight of ${of}, received ${nameOfValue(weight)}.`);
  if (given === 'balanced' || given === 'sqrt') return balancedWeights([...countObjects(data).byClass], given);
  if (Array.isArray(given)) {
    if (given.length !== classes.length)
      fail(`expected ${classes.length} numbers (${classes.join(', ')}), received ${given.length}.`);
    return given.map((weight, label) => check(weight, `"${classes[label]}"`));
  }
  if (typeof given !== 'object' || given === null) return fail(`received ${nameOfValue(given)}.`);
  const unknown = Object.keys(given).find((key) => !classes.includes(key));
  if (unknown !== undefined)
    fail(`it has no class "${unknown}"; its classes are ${classes.join(', ')}.${didYouMean(unknown, [...classes])}`);
  const byName = given as Readonly<Record<string, number>>;
  return classes.map((key) => (key in byName ? check(byName[key], `"${key}"`) : 1));
}

/** Paths of the heads that distinguish classes: not of a first stage, which knows objects alone. */
function headPaths(config: ConfigObject): string[] {
  const path = detectorPath(config);
  const inRoi = valueAt(config, `${path}.roi_head.bbox_head`);
  if (Array.isArray(inRoi)) return inRoi.map((_, i) => `${path}.roi_head.bbox_head.${i}`);
  if (isObject(inRoi)) return [`${path}.roi_head.bbox_head`];
  if (isObject(valueAt(config, `${path}.bbox_head`))) return [`${path}.bbox_head`];
  const { type } = objectAt(config, path);
  throw new DetLabError(
    `Cannot use classWeights with ${String(type)}: expected a bbox_head, which distinguishes classes, received a model without one`,
  );
}

function weighHead(config: ConfigObject, path: string, weights: readonly number[]): void {
  const head = objectAt(config, path);
  const kind: Kind = path.includes('roi_head') ? 'bbox_head' : 'dense_head';
  const loss = head.loss_cls ?? standardLoss(kind, String(head.type));
  const type = isObject(loss as ConfigValue) ? String((loss as ConfigObject).type) : undefined;
  const definition = type === undefined ? undefined : catalogue.find('loss', type);
  const accepts = definition?.options instanceof z.ZodObject && 'class_weight' in definition.options.shape;
  if (!accepts)
    throw new DetLabError(
      `Cannot use classWeights with ${String(head.type)}: its classification loss, ` +
        `${type ?? 'which is not an option'}, has no class weights. ` +
        'Use repeatFactors: true, which shows images of rare classes more often, or a CrossEntropyLoss as loss_cls',
    );
  const { class_weight: before, ...rest } = loss as ConfigObject;
  head.loss_cls = { ...rest, class_weight: classWeight(rest, before, weights) };
}

/** One weight per score of the loss; with a softmax the last one, the background's, is what it was. */
function classWeight(loss: ConfigObject, before: unknown, weights: readonly number[]): number[] {
  // one number is a factor on all classes in heads of the DETR family, whose background has a number of its own
  const scaled = typeof before === 'number' ? weights.map((weight) => weight * before) : [...weights];
  if (loss.use_sigmoid === true || typeof loss.bg_cls_weight === 'number') return scaled;
  const background = Array.isArray(before) && before.length === weights.length + 1 ? Number(before.at(-1)) : undefined;
  return [...scaled, background ?? (typeof before === 'number' ? before : 1)];
}

/** The loss that a head has where its config gives none. */
function standardLoss(kind: Kind, type: string): unknown {
  const { options } = catalogue.get(kind, type, 'model');
  if (!(options instanceof z.ZodObject) || !('loss_cls' in options.shape)) return undefined;
  return (options.shape.loss_cls as z.ZodType).safeParse(undefined).data;
}
