// Names that every notebook has without an import: TensorFlow.js as `tf`, and those of the lab. Starts an engine by the
// time a cell uses `tf`.

import { packageRoot } from '../../../src/paths';

/** Names of the lab. */
const NAMES = [
  'detector',
  'dataset',
  'compare',
  'compareFeatures',
  'describe',
  'modules',
  'startEngine',
  'register',
  'defineConfig',
  'loadConfig',
  'memory',
  'free',
  'runs',
  'widgets',
];

/** Bytes that a cell must have made for garbage to be collected after it. */
const WORTHWHILE = 16 * 2 ** 20;

/** The prelude as import lines, from which the compiler reads its types before the packages are loaded. */
export const PRELUDE_IMPORTS = `import * as tf from '@tensorflow/tfjs';\nimport { ${NAMES.join(', ')} } from 'detlab';\n`;

type UnreachableTensors = typeof import('../../../src/engine/unreachable-tensors');
type TerminatedWork = typeof import('../../../src/engine/terminated-work');

export interface Prelude {
  variables: Record<string, unknown>;
  /** Why a package could not be loaded. */
  problem: string | undefined;
  /** To be awaited before a cell runs: starts an engine when the cell uses `tf` and selects none itself. */
  prepare(code: string): Promise<void>;
  /** Frees tensors of earlier cells that no variable refers to any more, where that is worth the time. */
  collect(): Promise<void>;
  /** Frees the tensors of code that was terminated: of its scopes, and of the gradients it was computing. */
  endTerminatedWork(): void;
}

/** Loads the packages, which takes about a second. */
export function loadPrelude(): Prelude {
  const variables: Record<string, unknown> = {};
  let lab: { startEngine?: () => Promise<unknown> } = {};
  let problem: string | undefined;
  try {
    variables.tf = require('@tensorflow/tfjs');
    lab = require(packageRoot);
    for (const name of NAMES) variables[name] = (lab as Record<string, unknown>)[name];
  } catch (error) {
    problem = `DetLab could not be loaded: ${(error as Error).message}`;
  }
  let started = false;
  let scopes = 0;
  const terminatedWork = () => require('../../../src/engine/terminated-work') as TerminatedWork;
  return {
    variables,
    problem,
    async prepare(code) {
      if (!problem) scopes = terminatedWork().openScopes();
      if (started || !lab.startEngine || !/\btf\./.test(code) || /\bstartEngine\b|\bsetBackend\b/.test(code)) return;
      started = true;
      await lab.startEngine();
    },
    async collect() {
      if (problem) return;
      const { collectIfGrown } = require('../../../src/engine/unreachable-tensors') as UnreachableTensors;
      await collectIfGrown(WORTHWHILE);
    },
    endTerminatedWork() {
      if (!problem) terminatedWork().endTerminatedWork(scopes);
    },
  };
}
