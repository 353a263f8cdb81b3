// What every notebook starts with: TensorFlow.js as `tf`, and the names of the lab; and an engine under `tf` by the time
// a cell uses it.

import { packageRoot } from '../../src/paths';

/** Names of the lab a notebook has without an import. */
const NAMES = ['detector', 'dataset', 'compare', 'describe', 'startEngine', 'register', 'defineConfig', 'loadConfig'];

export interface Preload {
  /** The import lines; a name the package does not export is left out. */
  source: string;
  problem: string | undefined;
  /** To be awaited before a cell runs: starts an engine when the cell uses `tf` and chooses none itself. */
  prepare(code: string): Promise<void>;
}

export function createPreload(): Preload {
  const tf = `import * as tf from '@tensorflow/tfjs';`;
  let lab: { startEngine?: () => Promise<unknown> } = {};
  let problem: string | undefined;
  try {
    lab = require(packageRoot);
  } catch (error) {
    problem = `DetLab could not be loaded, only \`tf\` is there: ${(error as Error).message}`;
  }
  const names = NAMES.filter((name) => name in lab);
  let started = false;
  return {
    source: names.length ? `${tf}\nimport { ${names.join(', ')} } from 'detlab';` : tf,
    problem,
    async prepare(code) {
      if (started || !lab.startEngine || !/\btf\./.test(code) || /\bstartEngine\b|\bsetBackend\b/.test(code)) return;
      started = true;
      await lab.startEngine();
    },
  };
}
