// From a recipe to a detector with weights: classes settled, parts frozen, checkpoints laid over.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkModel } from '../check-model';
import { type ConfigObject, isObject } from '../config';
import { startEngine } from '../engine';
import { DetLabError } from '../errors';
import { buildDetector } from '../models/build';
import type { Detector } from '../models/types';
import type { StateDict } from '../nn/module';
import { readSafetensors } from '../nn/safetensors';
import { Random } from '../random';
import type { ModuleConfig } from '../registry';
import { catalogue } from './catalogue';
import { checkClassCounts, classCounts, objectAt, withoutClassCounts } from './config-access';

/** What a recipe is made of; never changed, only copied. */
export interface RecipeSpec {
  name: string;
  config: ConfigObject;
  /** Chosen with `.classes(...)`. */
  classes?: readonly string[];
  /** In the order they were asked for. */
  freezing: readonly { path: string; frozen: boolean }[];
  /** A safetensors file laid over the initial weights. */
  weights?: string;
}

/** The classes of a detector trained on `data`: those of the recipe and of the data must be the same. */
export function settleClasses(spec: RecipeSpec, data?: { name: string; classes: readonly string[] }): string[] {
  const { classes, config } = spec;
  if (classes && data && classes.join('\n') !== data.classes.join('\n'))
    throw new DetLabError(
      `Cannot fit the detector to "${data.name}": the recipe's classes are ${classes.join(', ')}; the data's are ${data.classes.join(', ')}. ` +
        `Use .classes(data.classes), or load the data with { classes: [...] } in the recipe's order`,
    );
  const model = objectAt(config, 'model');
  if (classes) return [...classes];
  if (data) {
    checkClassCounts(model, data.classes, `"${data.name}"`);
    return [...data.classes];
  }
  const [count] = new Set(classCounts(model).values());
  const named = objectAt(config, 'train_dataloader.dataset.metainfo').classes;
  if (Array.isArray(named) && (count === undefined || named.length === count)) return named.map(String);
  if (count === undefined)
    throw new DetLabError(
      'Cannot build the detector: its number of classes is not known. Use .classes([...]) on the recipe',
    );
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

/**
 * @param seed of the initial weights; without it they stay zero, for a summary
 * @param notice takes lines a person should read (weights not found, parts not loaded)
 */
export async function buildModel(
  spec: RecipeSpec,
  classes: readonly string[],
  seed: number | undefined,
  notice: (line: string) => void = () => {},
): Promise<Detector> {
  await startEngine();
  const model = spec.classes ? withoutClassCounts(objectAt(spec.config, 'model')) : objectAt(spec.config, 'model');
  checkModel(model, catalogue);
  const detector = buildDetector(model as ModuleConfig, { registry: catalogue, numClasses: classes.length });
  if (seed !== undefined) {
    detector.initWeights(Random.seeded(seed));
    loadPretrained(detector, model, notice);
    if (spec.weights) notice(overlay(detector, readSafetensors(spec.weights).tensors, spec.weights));
  }
  for (const { path: pattern, frozen } of spec.freezing) {
    if (frozen) detector.freeze(pattern);
    else detector.unfreeze(pattern);
  }
  return detector;
}

/** Weights that the config asks for by `init_cfg: { type: 'Pretrained' }`, where the file is at hand. */
function loadPretrained(detector: Detector, model: ConfigObject, notice: (line: string) => void): void {
  for (const [part, config] of [['', model], ...Object.entries(model)] as [string, unknown][]) {
    const init = isObject(config as never) ? (config as ConfigObject).init_cfg : undefined;
    if (!isObject(init) || init.type !== 'Pretrained' || typeof init.checkpoint !== 'string') continue;
    const { checkpoint, prefix } = init;
    const base = path.basename(checkpoint.replace(/^\w+:\/\//, ''));
    const file = [checkpoint, path.join('weights', `${base}.safetensors`)].find(
      (f) => f.endsWith('.safetensors') && existsSync(f),
    );
    const where = part === '' ? 'the model' : `the ${part}`;
    if (!file) {
      notice(
        `pretrained weights "${checkpoint}" are not at hand: ${where} starts from random weights. Put them in weights/${base}.safetensors`,
      );
      continue;
    }
    const within = typeof prefix === 'string' ? `${prefix.replace(/\.$/, '')}.` : '';
    const renamed: StateDict = new Map();
    for (const [name, tensor] of readSafetensors(file).tensors)
      if (name.startsWith(within)) renamed.set((part === '' ? '' : `${part}.`) + name.slice(within.length), tensor);
    notice(overlay(detector, renamed, file, part));
  }
}

/** Loads what fits and says in one line what was left out. */
function overlay(detector: Detector, state: StateDict, source: string, part = ''): string {
  const report = detector.loadStateDict(state);
  if (report.loaded.length === 0)
    throw new DetLabError(
      `Cannot use the weights of "${source}": no tensor's name and shape agree with the model's. ` +
        `The file has ${[...state.keys()].slice(0, 3).join(', ')}; the model has ${[...detector.named()]
          .slice(0, 3)
          .map(([n]) => n)
          .join(', ')}`,
    );
  const missing = report.missing.filter((name) => name.startsWith(part));
  const left = [
    ...(missing.length > 0 ? [`${missing.length} not in the file (${missing[0]}, ...)`] : []),
    ...(report.mismatched.length > 0
      ? [`${report.mismatched.length} of another shape (${report.mismatched[0].name}, ...)`]
      : []),
    ...(report.unexpected.length > 0
      ? [`${report.unexpected.length} in the file but not in the model (${report.unexpected[0]}, ...)`]
      : []),
  ];
  return `${report.loaded.length} tensors from ${source}${left.length > 0 ? `; ${left.join('; ')}` : ''}`;
}
