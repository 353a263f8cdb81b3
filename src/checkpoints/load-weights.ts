// Loads weights into a model where names and shapes match, and reports the rest.

import { DetLabError } from '../errors';
import type { LoadReport, Module, StateDict } from '../nn/module';
import { decodeTensor } from '../nn/stored-tensor';
import { likelyCauses } from './causes';
import type { Weights } from './read-weights';
import { fitNames, withoutPrefix } from './rename';

export interface LoadWeightsOptions {
  /** Load only the file's tensors under this prefix, which is removed: `backbone`. */
  prefix?: string;
  /** The module of the model to load into: `backbone`. */
  part?: string;
}

/** The outcome for every tensor of the file and of the model. */
export interface WeightsReport extends LoadReport {
  source: string;
  /** Entries of the file that are not weights of the model, or were refused. */
  skipped: string[];
  /** How names were changed to match. */
  notes: string[];
  /** Likely causes of mismatches, in words. */
  causes: string[];
}

/** Absent in old files, and never read. */
const BATCH_COUNTER = /(^|\.)num_batches_tracked$/;
/** An averaged copy of the weights, and constants of the data preprocessor: not parameters of the model. */
const NOT_PARAMETERS = /^(ema_\w+|data_preprocessor\.\w+)$/;

/**
 * Copies the tensors that match; where a shape differs, the model's tensor is unchanged.
 * @throws DetLabError when no tensor matches
 * @example const report = loadWeights(model.detector, readWeights('faster_rcnn_r50.pth')); report.causes
 */
export function loadWeights(model: Module, weights: Weights, options: LoadWeightsOptions = {}): WeightsReport {
  const { prefix, part } = options;
  const { source } = weights;
  let tensors = weights.tensors;
  if (prefix) {
    tensors = withoutPrefix(tensors, prefix);
    if (tensors.size === 0)
      throw new DetLabError(
        `Cannot load the weights of "${source}": no name begins with "${prefix.replace(/\.$/, '')}.". ` +
          `Prefixes: ${topNames(weights.tensors.keys())}`,
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
    else if (NOT_PARAMETERS.test(name)) skipped.push(name);
    else unexpected.push(name);
  }
  const report = target.loadStateDict(state);
  const full = (name: string) => (part ? `${part}.${name}` : name);
  const missing = report.missing.filter((name) => !BATCH_COUNTER.test(name));
  if (report.loaded.length === 0)
    throw new DetLabError(
      `Cannot load the weights of "${source}": no tensor matches the model in name and shape. ` +
        `The file has ${[...tensors.keys()].slice(0, 3).join(', ')}; the model has ${[...names].slice(0, 3).map(full).join(', ')}. ` +
        "Give the prefix of the file's names as prefix, and the module of the model as part",
    );
  const result = {
    loaded: report.loaded.map(full),
    missing: missing.map(full),
    unexpected: unexpected.map(full),
    mismatched: report.mismatched.map((one) => ({ ...one, name: full(one.name) })),
  };
  return { ...result, source, skipped, notes: fitted.notes, causes: likelyCauses(result) };
}

/** @throws DetLabError listing the modules of the model */
function moduleAt(model: Module, path: string): Module {
  for (const [name, module] of model.modules()) if (name === path) return module;
  throw new DetLabError(
    `Cannot load weights into "${path}": the model has no such module. Its modules: ${[...model.children()].map(([n]) => `"${n}"`).join(', ')}`,
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

/** The report as lines of text: tensors loaded, mismatches, likely causes. */
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
  // every checkpoint has a meta
  const notable = skipped.filter((name) => name !== 'meta');
  const mismatches = [
    ...(missing.length > 0 ? [`${missing.length} missing in the file (${some(missing)})`] : []),
    ...(mismatched.length > 0
      ? [
          `${mismatched.length} of different shape (${some(
            mismatched.map(({ name }) => name),
            8,
          )})`,
        ]
      : []),
    ...(unexpected.length > 0 ? [`${unexpected.length} unexpected in the file (${some(unexpected)})`] : []),
  ];
  return [
    `${loaded.length} tensors loaded from ${source}${mismatches.length > 0 ? `; ${mismatches.join('; ')}` : ''}`,
    ...notes.map((note) => `  ${note}`),
    ...causes.map((cause) => `  likely cause: ${cause}`),
    ...(notable.length > 0 ? [`  not loaded: ${some(notable, 8)}`] : []),
  ];
}
