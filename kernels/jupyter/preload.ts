// What every notebook starts with: TensorFlow.js as `tf`, and the names of the lab.

import { packageRoot } from '../../src/paths';

/** Names of the lab a notebook has without an import. */
const NAMES = ['detector', 'dataset', 'compare', 'describe', 'startEngine'];

/** The import lines; a name the package does not export (yet) is left out. */
export function preloadSource(): { source: string; problem: string | undefined } {
  const tf = `import * as tf from '@tensorflow/tfjs';`;
  try {
    const lab = require(packageRoot) as Record<string, unknown>;
    const names = NAMES.filter((name) => name in lab);
    return { source: names.length ? `${tf}\nimport { ${names.join(', ')} } from 'detlab';` : tf, problem: undefined };
  } catch (error) {
    return { source: tf, problem: `DetLab could not be loaded, only \`tf\` is there: ${(error as Error).message}` };
  }
}
