// Which parts of a model train: by path or glob, a backbone's first stages, and changes at an epoch.

import { DetLabError } from '../errors';
import { type Module, type Parameter, pathCover } from '../nn/module';

/** One freeze or unfreeze rule; rules apply in order. */
export interface FreezeRule {
  /** `backbone.layer1`, `neck.*`, `**.bn*`. */
  path: string;
  frozen: boolean;
  /** Only the stem and the first so many stages of this part. */
  stages?: number;
  /** From this epoch on, the first being 1; from the start when absent. */
  epoch?: number;
  /**
   * Freezing: what is frozen is to train again later as it does now. Unfreezing: as it did before it was frozen by such a rule, so
   * that what the config freezes stays frozen.
   */
  restore?: boolean;
}

const STAGE = /^(layer|stage|conv_res_block)\d+$/;
const LISTS = ['stages', 'layers', 'blocks'];

/** The parts of a backbone before its stages, and the stages, by name. */
function stagesOf(backbone: Module): { stem: string[]; stages: string[][] } | undefined {
  const children = [...backbone.children()];
  const direct = children.filter(([name]) => STAGE.test(name)).map(([name]) => name);
  const list = children.find(([name]) => LISTS.includes(name));
  const first = direct.length > 0 ? direct[0] : list?.[0];
  if (first === undefined) return undefined;
  const stem = children
    .slice(
      0,
      children.findIndex(([name]) => name === first),
    )
    .map(([name]) => name);
  if (direct.length > 0) return { stem, stages: direct.map((name) => [name]) };
  const names = new Set(children.map(([name]) => name));
  const inside = [...list![1].children()].map(([name], i) => [`${list![0]}.${name}`, `norm${i}`]);
  return { stem, stages: inside.map(([stage, norm]) => (names.has(norm) ? [stage, norm] : [stage])) };
}

/** @throws DetLabError when no part has the path, or the part has no such stages */
function pathsOf(model: Module, { path, stages: count }: FreezeRule): string[] {
  if (count === undefined) return [path];
  const part = [...model.modules()].find(([name]) => name === path)?.[1];
  const found = part && stagesOf(part);
  const parts = [...(part ?? model).children()].map(([name]) => `"${name}"`).join(', ');
  if (!found)
    throw new DetLabError(
      part
        ? `Cannot freeze stages of "${path}": it has none by name. Its parts are ${parts}: freeze those by path`
        : `Cannot freeze stages of "${path}": the model has no such part. It has ${parts}`,
    );
  const { stem, stages } = found;
  if (!Number.isInteger(count) || count < 0 || count > stages.length)
    throw new DetLabError(
      `Cannot freeze ${count} stages of "${path}": expected 0 (the stem alone) to ${stages.length} (${stages.flat().join(', ')})`,
    );
  return [...stem, ...stages.slice(0, count).flat()].map((name) => `${path}.${name}`);
}

/**
 * Freezes and unfreezes what changes at `epoch` (1: the start), in order.
 * @returns the rules applied
 */
export function applyFreezing(model: Module, freezing: readonly FreezeRule[], epoch: number): FreezeRule[] {
  const due = freezing.filter((rule) => (rule.epoch ?? 1) === epoch);
  for (const rule of due)
    for (const path of pathsOf(model, rule)) {
      if (rule.frozen && rule.restore) remember(model);
      if (rule.frozen) model.freeze(path);
      else if (rule.restore) trainAgain(model, path);
      else model.unfreeze(path);
    }
  return due;
}

/** What trained in a model before rules with `restore` froze parts of it. */
const remembered = new WeakMap<Module, { frozen: ReadonlySet<Module>; fixed: ReadonlySet<Parameter> }>();

function remember(model: Module): void {
  if (remembered.has(model)) return;
  const modules = [...model.modules()].map(([, module]) => module);
  const parameters = [...model.named()].map(([, parameter]) => parameter);
  remembered.set(model, {
    frozen: new Set(modules.filter(({ frozen }) => frozen)),
    fixed: new Set(parameters.filter(({ requiresGrad }) => !requiresGrad)),
  });
}

/** @throws DetLabError when no part has the path */
function trainAgain(model: Module, path: string): void {
  const { frozen = new Set<Module>(), fixed = new Set<Parameter>() } = remembered.get(model) ?? {};
  const covers = pathCover(path);
  const modules = [...model.modules()].filter(([name]) => name !== '' && covers(name));
  const parameters = [...model.named()].filter(([name]) => covers(name));
  if (modules.length + parameters.length === 0) model.unfreeze(path); // its error
  for (const [, module] of modules) module.frozen = frozen.has(module);
  for (const [, parameter] of parameters) parameter.requiresGrad = !fixed.has(parameter);
}

/** Paths of the parts of each stage of a backbone, from its input on; undefined where it has none by name. */
export function stagePaths(model: Module, path = 'backbone'): string[][] | undefined {
  const part = [...model.modules()].find(([name]) => name === path)?.[1];
  return part && stagesOf(part)?.stages.map((names) => names.map((name) => `${path}.${name}`));
}

/** Every parameter that trains in some epoch, in state-dict order; the model is left as it was. */
export function everTrained(model: Module, freezing: readonly FreezeRule[]): [string, Parameter][] {
  const modules = [...model.modules()].map(([, module]) => ({
    module,
    frozen: module.frozen,
    training: module.training,
  }));
  const parameters = [...model.named()].map(([, parameter]) => ({ parameter, requiresGrad: parameter.requiresGrad }));
  const trained = new Set(model.trainable().map(([, parameter]) => parameter));
  const epochs = [...new Set(freezing.map(({ epoch = 1 }) => epoch))]
    .filter((epoch) => epoch > 1)
    .sort((a, b) => a - b);
  for (const epoch of epochs) {
    applyFreezing(model, freezing, epoch);
    for (const [, parameter] of model.trainable()) trained.add(parameter);
  }
  for (const { module, frozen, training } of modules) Object.assign(module, { frozen, training });
  for (const { parameter, requiresGrad } of parameters) parameter.requiresGrad = requiresGrad;
  // a tensor with several names trains under its first
  return [...model.named()].filter(([, parameter]) => trained.delete(parameter));
}

/** `backbone (stem and 2 stages)`. */
export const freezingText = ({ path, stages }: FreezeRule): string =>
  stages === undefined ? path : `${path} (stem and ${stages} stage${stages === 1 ? '' : 's'})`;
