// Weights into a model, as far as names and shapes agree, and the report of what did not.

import { DetLabError } from '../errors';
import type { LoadReport, Module, StateDict } from '../nn/module';
import { decodeTensor } from '../nn/stored-tensor';
import { likelyCauses } from './causes';
import type { Weights } from './read-weights';
import { fitNames, within } from './rename';

export interface LoadWeightsOptions {
  /** Only the tensors of the file under this name, without it: `backbone`. */
  prefix?: string;
  /** The part of the model they are for: `backbone`. */
  part?: string;
}

/** What became of every tensor of the file and of the model. */
export interface WeightsReport extends LoadReport {
  source: string;
  /** Parts of the file that are no weights of the model, or were refused. */
  skipped: string[];
  /** How names were changed to fit. */
  notes: string[];
  /** Why the rest did not fit, in words. */
  causes: string[];
}

/** Old files do not count batches, and nothing depends on it. */
const COUNTER = /(^|\.)num_batches_tracked$/;
/** A second, averaged copy of the weights, and constants of the preprocessor: not the model's. */
const BESIDE = /^(ema_\w+|data_preprocessor\.\w+)$/;

/**
 * Copies what fits; a tensor of another shape leaves the model's own as it was.
 * @throws DetLabError when no tensor fits
 * @example const report = loadWeights(model.detector, readWeights('faster_rcnn_r50.pth')); report.causes
 */
export function loadWeights(model: Module, weights: Weights, options: LoadWeightsOptions = {}): WeightsReport {
  const { prefix, part } = options;
  const { source } = weights;
  let tensors = weights.tensors;
  if (prefix) {
    tensors = within(tensors, prefix);
    if (tensors.size === 0)
      throw new DetLabError(
        `Cannot use the weights of "${source}": none of its names begins with "${prefix.replace(/\.$/, '')}.". ` +
          `They begin with ${topNames(weights.tensors.keys())}`,
      );
  }
  const target = part ? moduleAt(model, part) : model;
  const names = new Set([...target.named()].map(([name]) => name));
  const children = [...target.children()].map(([name]) => name);
  const fitted = fitNames(tensors, names, children);

  const state: StateDict = new Map();
  const unexpected: string[] = [];
  const skipped = [...weights.skipped];
  for (const [name, tensor] of fitted.tensors) {
    if (names.has(name)) state.set(name, decodeTensor(tensor, name, source));
    else if (BESIDE.test(name)) skipped.push(name);
    else unexpected.push(name);
  }
  const report = target.loadStateDict(state);
  const full = (name: string) => (part ? `${part}.${name}` : name);
  const missing = report.missing.filter((name) => !COUNTER.test(name));
  if (report.loaded.length === 0)
    throw new DetLabError(
      `Cannot use the weights of "${source}": no tensor's name and shape agree with the model's. ` +
        `The file has ${[...tensors.keys()].slice(0, 3).join(', ')}; the model has ${[...names].slice(0, 3).map(full).join(', ')}. ` +
        'Name the part of the file by prefix, and the part of the model by part',
    );
  const result = {
    loaded: report.loaded.map(full),
    missing: missing.map(full),
    unexpected: unexpected.map(full),
    mismatched: report.mismatched.map((one) => ({ ...one, name: full(one.name) })),
  };
  return { ...result, source, skipped, notes: fitted.notes, causes: likelyCauses(result) };
}

/** @throws DetLabError with the parts there are */
function moduleAt(model: Module, path: string): Module {
  for (const [name, module] of model.modules()) if (name === path) return module;
  throw new DetLabError(
    `Cannot load weights into "${path}": the model has no such part. It has ${[...model.children()].map(([n]) => `"${n}"`).join(', ')}`,
  );
}

function topNames(names: Iterable<string>): string {
  const tops = new Set([...names].map((name) => name.split('.')[0]));
  return [...tops]
    .slice(0, 6)
    .map((name) => `"${name}."`)
    .join(', ');
}

const some = (names: readonly string[], count = 3): string =>
  `${names.slice(0, count).join(', ')}${names.length > count ? ', ...' : ''}`;

/** The report in lines for a person: what was loaded first, then what was not and why. */
export function reportLines({
  source,
  loaded,
  missing,
  unexpected,
  mismatched,
  skipped,
  notes,
  causes,
}: WeightsReport): string[] {
  // every checkpoint has a plain meta
  const told = skipped.filter((name) => name !== 'meta');
  const left = [
    ...(missing.length > 0 ? [`${missing.length} not in the file (${some(missing)})`] : []),
    ...(mismatched.length > 0
      ? [`${mismatched.length} of another shape (${some(mismatched.map(({ name }) => name))})`]
      : []),
    ...(unexpected.length > 0 ? [`${unexpected.length} in the file but not in the model (${some(unexpected)})`] : []),
  ];
  return [
    `${loaded.length} tensors from ${source}${left.length > 0 ? `; ${left.join('; ')}` : ''}`,
    ...notes.map((note) => `  ${note}`),
    ...causes.map((cause) => `  likely cause: ${cause}`),
    ...(told.length > 0 ? [`  left out of the file: ${some(told, 8)}`] : []),
  ];
}
