// Parts of TensorFlow.js that its package loads at once and that detection does not use: Keras layers, converted models, data sets,
// WebGL. With `deferPackages` their names are there as ever, and the first use of one loads its part: a process takes 9 MB less.

import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';

const VERSION = '4.22.0';

/** The names of each package beside its version. */
export const DEFERRED: Readonly<Record<string, string>> = {
  layers:
    'Callback CallbackList CustomCallback EarlyStopping History InputSpec LayerVariable LayersModel RNN Sequential SymbolicTensor ' +
    'callbacks constraints initializers input layers loadLayersModel metrics model models registerCallbackConstructor ' +
    'regularizers sequential',
  converter: 'GraphModel deregisterOp loadGraphModel loadGraphModelSync registerOp',
  data: 'CSVDataset Dataset FileDataSource TextLineDataset URLDataSource array csv func generator microphone webcam zip',
  'backend-webgl': 'GPGPUContext MathBackendWebGL forceHalfFloat gpgpu_util setWebGLContext webgl webgl_util',
};

/** Gives `require` an object of a package's names, which loads the package when one of them is read. */
function defer(part: string, names: string, packages: NodeJS.Require): void {
  const name = `@tensorflow/tfjs-${part}`;
  const file = packages.resolve(name);
  const { version } = JSON.parse(readFileSync(packages.resolve(`${name}/package.json`), 'utf8')) as { version: string };
  if (packages.cache[file] || version !== VERSION) return;
  const standIn = new Module(file);
  standIn.filename = file;
  standIn.loaded = true;
  let loaded: Record<string, unknown> | undefined;
  const load = (): Record<string, unknown> => {
    if (!loaded) {
      delete packages.cache[file];
      loaded = packages(name) as Record<string, unknown>;
    }
    return loaded;
  };
  for (const key of names.split(' '))
    Object.defineProperty(standIn.exports, key, { enumerable: true, get: () => load()[key] });
  standIn.exports[`version_${part.replace('backend-', '')}`] = VERSION;
  packages.cache[file] = standIn;
}

/**
 * Before `@tensorflow/tfjs` is loaded: its parts that detection does not use are loaded at their first use. For programs, not for
 * libraries: the packages are the whole process's.
 */
export function deferPackages(): void {
  try {
    const packages = createRequire(require.resolve('@tensorflow/tfjs'));
    for (const [part, names] of Object.entries(DEFERRED)) defer(part, names, packages);
  } catch {
    // installed otherwise than npm does: TensorFlow.js loads its parts itself
  }
}
