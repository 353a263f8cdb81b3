// What every notebook starts with: TensorFlow.js as `tf`, and the names of the lab; and an engine under `tf` by the time
// a cell uses it.

import { packageRoot } from '../../../src/paths';

/** Names of the lab a notebook has without an import. */
const NAMES = [
  'detector',
  'dataset',
  'compare',
  'describe',
  'modules',
  'startEngine',
  'register',
  'defineConfig',
  'loadConfig',
];

/** The same as import lines: the compiler reads the types from them, before the packages themselves are loaded. */
export const PRELUDE_IMPORTS = `import * as tf from '@tensorflow/tfjs';\nimport { ${NAMES.join(', ')} } from 'detlab';\n`;

export interface Prelude {
  variables: Record<string, unknown>;
  problem: string | undefined;
  /** To be awaited before a cell runs: starts an engine when the cell uses `tf` and chooses none itself. */
  prepare(code: string): Promise<void>;
}

/** Loads the packages: about a second. */
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
  return {
    variables,
    problem,
    async prepare(code) {
      if (started || !lab.startEngine || !/\btf\./.test(code) || /\bstartEngine\b|\bsetBackend\b/.test(code)) return;
      started = true;
      await lab.startEngine();
    },
  };
}
