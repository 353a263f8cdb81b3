// Builds the detector of a recipe: resolves the classes, initialises or loads the weights, freezes parts.

import * as tf from '@tensorflow/tfjs';
import { checkModel } from '../catalogue/check-model';
import type { ModuleConfig } from '../catalogue/registry';
import { scopeOf } from '../catalogue/type-origins';
import { type ConfigObject, isObject } from '../config';
import { plainBackend, startEngine } from '../engine';
import { listHolder } from '../engine/memory-holders';
import { ownedTensors } from '../engine/owned-tensors';
import { collectIfGrown } from '../engine/unreachable-tensors';
import { DetLabError } from '../errors';
import { buildDetector } from '../models/build';
import { PriorCache } from '../models/dense-heads/prior-cache';
import { TwoStageDetector } from '../models/detectors/two-stage-detector';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { applyFreezing, type FreezeRule } from '../training/freezing';
import { catalogue } from './catalogue';
import { checkClassCounts, classCounts, detectorPath, objectAt, readsText, withoutClassCounts } from './config-access';
import { loadCustomImports } from './custom-imports';
import type { NeckSwap } from './neck-swap';
import { startWeights } from './start-weights';
import { withTeacherConfig } from './teacher-config';
import { namesUserModule } from './user-modules';
import { fetchTextModels } from './weights/fetch-text-model';
import type { LoadFrom } from './weights-file';
import { type InferredOptions, noteInferred } from './whole-config';

/** The data of a recipe; immutable. */
export interface RecipeSpec {
  name: string;
  config: ConfigObject;
  /** Set with `.classes(...)`. */
  classes?: readonly string[];
  /** In the order of the calls. */
  freezing: readonly FreezeRule[];
  /** Folders of the config's files, to which `custom_imports` is relative. */
  folders?: readonly string[];
  /** The origin of each option of the necks that replaced others. */
  swaps?: readonly NeckSwap[];
  /** What methods of the recipe set beyond the value given to them, a line each. */
  changes?: readonly string[];
  /** What the log of a run begins with: how the config was read. */
  notices?: readonly string[];
  /** Weights loaded after initialisation; the config's `load_from` when absent. */
  loadFrom?: LoadFrom;
}

const PARTS = ['backbone', 'neck', 'rpn_head', 'bbox_head', 'roi_head', 'mask_head'];

/** @throws DetLabError for a fragment of a config, with the missing lines */
function requireModel(config: ConfigObject): void {
  const { model } = config;
  if (model !== undefined && (typeof objectAt(config, 'model').type === 'string' || !isObject(model))) return;
  const parts = PARTS.filter((part) => isObject(config[part]));
  const received = isObject(model) ? 'a model without a type' : parts.length > 0 ? parts.join(', ') : 'none';
  const inside = parts.map((part) => `${part}=dict(...)`).join(', ') || '...';
  throw new DetLabError(
    `Cannot build the detector: expected model = dict(type=...), received ${received}. This is a fragment of a config: ` +
      `inherit from the config that it changes, _base_ = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', and write model = dict(${inside})`,
  );
}

/** Whether the model is a first stage alone (RPN), whose only class is "object". */
const onlyProposes = (model: ConfigObject): boolean =>
  isObject(model.rpn_head) && model.roi_head === undefined && model.bbox_head === undefined;

/** The classes of the recipe, which must equal those of `data`; by default those of the data or of the config. */
export function resolveClasses(spec: RecipeSpec, data?: { name: string; classes: readonly string[] }): string[] {
  const { classes, config } = spec;
  if (classes && data && classes.join('\n') !== data.classes.join('\n'))
    throw new DetLabError(
      `Cannot fit the detector to "${data.name}": the recipe's classes are ${classes.join(', ')}; the data's are ${data.classes.join(', ')}. ` +
        `Use .classes(data.classes), or load the data with { classes: [...] } in the recipe's order`,
    );
  requireModel(config);
  const model = objectAt(config, 'model');
  if (classes) return [...classes];
  if (data) {
    checkClassCounts(model, data.classes, `"${data.name}"`);
    return [...data.classes];
  }
  const [count] = new Set(classCounts(model).values());
  const inner = objectAt(config, detectorPath(config));
  const named = objectAt(config, 'train_dataloader.dataset.metainfo').classes;
  if (Array.isArray(named) && (count === undefined || named.length === count)) return named.map(String);
  if (count === undefined && (onlyProposes(inner) || readsText(inner))) return ['object'];
  if (count === undefined)
    throw new DetLabError(
      'Cannot build the detector: no head of the config has num_classes. Use .classes([...]) on the recipe',
    );
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

/**
 * @param seed of the initial weights; without it they stay zero, for a summary
 * @param withoutEngine for a model that only shows its structure
 * @param signal stops downloads of weights
 * @param notice receives messages to the user (missing weights, mismatched tensors)
 */
export async function buildModel(
  spec: RecipeSpec,
  classes: readonly string[],
  seed: number | undefined,
  notice: (line: string) => void = () => {},
  { withoutEngine = false, signal }: { withoutEngine?: boolean; signal?: AbortSignal } = {},
): Promise<Detector> {
  await loadCustomImports(spec.config, spec.folders ?? [], notice);
  // shapes and names require no engine; modules of the user's are run
  if (seed === undefined && withoutEngine && !namesUserModule(spec.config)) await plainBackend();
  else await startEngine();
  const configured = objectAt(spec.config, 'model');
  const model = withTeacherConfig(spec.classes ? withoutClassCounts(configured) : configured, spec.folders);
  checkModel(model, catalogue, scopeOf(spec.config));
  if (!withoutEngine) await fetchTextModels(model, { notice, signal });
  await collectIfGrown(64 * 2 ** 20); // the models that this one takes the place of
  const inferred: InferredOptions[] = [];
  const registry = catalogue.scoped(scopeOf(spec.config)).observed((path, values) => inferred.push({ path, values }));
  const detector = disposingOnFailure(() => buildDetector(model as ModuleConfig, { registry, classes }));
  checkKnowsAll(detector, classes, String(model.type));
  noteInferred(detector, inferred);
  listModel(detector, spec.name, String(model.type));
  if (seed !== undefined) {
    detector.initWeights(Random.seeded(seed));
    const { load_from } = spec.config;
    const from = spec.loadFrom ?? (typeof load_from === 'string' ? { file: load_from } : undefined);
    await startWeights(detector, { model, from, notice, signal }).catch((error) => {
      detector.dispose();
      throw error;
    });
  }
  applyFreezing(detector, spec.freezing, 1);
  return detector;
}

/** @throws DetLabError for more classes than a second stage can tell apart, as CrowdDet's, which finds objects of one */
function checkKnowsAll(detector: Detector, classes: readonly string[], type: string): void {
  if (!(detector instanceof TwoStageDetector) || detector.numClasses >= classes.length) return;
  const { numClasses } = detector;
  detector.dispose();
  const chosen = classes
    .slice(0, numClasses)
    .map((name) => `'${name}'`)
    .join(', ');
  throw new DetLabError(
    `Cannot build ${type} for ${classes.length} classes (${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', ...' : ''}): it knows ` +
      `${numClasses}. Load the data with { classes: [${chosen}] }, and use .classes([${chosen}]) on the recipe`,
  );
}

/** Lists a model for `memory()`. */
function listModel(detector: Detector, name: string, type: string): void {
  listHolder(detector, (model) => {
    const modules = [...model.modules()].map(([, module]) => module);
    const caches = modules.flatMap((module) => Object.values(module).filter((value) => value instanceof PriorCache));
    const tensors = [...model.named()].map(([, { variable }]) => variable as tf.Tensor);
    for (const module of modules) for (const value of Object.values(module)) ownedTensors(value, tensors);
    const hostBytes = caches.reduce((sum, { bytes }) => sum + bytes, 0);
    return { kind: 'model', name, type, tensors, hostBytes };
  });
}

/** Disposes the variables of a build that fails. */
function disposingOnFailure<T>(build: () => T): T {
  const variables = () => tf.engine().registeredVariables;
  const before = new Set(Object.keys(variables()));
  try {
    return build();
  } catch (error) {
    for (const [name, variable] of Object.entries(variables())) if (!before.has(name)) variable.dispose();
    throw error;
  }
}
