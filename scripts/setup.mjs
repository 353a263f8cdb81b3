// `npm run setup [-- --engine tensorflow]`: installs and builds whatever is missing and logs each step. The other scripts
// call `setup()` first. Takes some milliseconds when nothing is missing; an interrupted set-up continues where it stopped.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile, compiled } from './setup/compile.mjs';
import { installKernelspec, kernelspecReady } from './setup/kernelspec.mjs';
import { withLock } from './setup/lock.mjs';
import { installNpmPackages, npmPackagesReady } from './setup/npm-packages.mjs';
import { root, venvPython } from './setup/paths.mjs';
import { buildPixels, pixelKernelsReady } from './setup/pixel-kernels.mjs';
import { installPythonPackages, pythonPackagesReady } from './setup/python-packages.mjs';
import { buildEngine, torchEngineReady } from './setup/torch-engine.mjs';
import { printLine, secondsSince, withStatus } from './terminal.mjs';

export const log = (message) => printLine(`[setup] ${message}`);

/** What is being installed or built, and since when. */
const steps = new Map();
const describeSteps = () =>
  steps.size > 0 ? `[setup]   ${[...steps].map(([name, from]) => `${name}: ${secondsSince(from)}`).join(', ')}` : '';

/** The result of `work`, which is named in the status until it is there. */
async function step(name, work) {
  steps.set(name, Date.now());
  try {
    return await work();
  } finally {
    steps.delete(name);
  }
}

/** Downloads beside compiling: TypeScript as soon as npm is done, the engine as soon as npm and the torch wheel are. */
async function installAll(onCompiled) {
  const build = () => step('torch engine', () => buildEngine(log));
  const npm = step('npm packages', () => installNpmPackages(log));
  const types = npm.then(() => step('TypeScript', () => compile(log)));
  types.then(onCompiled).catch(() => {}); // reported below
  const pixels = npm.then(() => step('pixel kernels', () => buildPixels(log)));
  pixels.catch(() => {}); // of npm, reported below
  let engine;
  const onTorch = () => {
    engine = npm.then(build);
    engine.catch(() => {}); // of npm, reported below
  };
  const python = step('Python packages', () => installPythonPackages(log, onTorch));
  const [installed, compiled] = await Promise.allSettled([python, types]);
  const [failed] = [compiled, installed].filter(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  const withoutPython = installed.value;
  const withoutTorch = await (engine ?? (withoutPython ? undefined : build()));
  const withoutPixels = await pixels;
  return { withoutPython, withoutTorch: withoutPython ?? withoutTorch, withoutPixels, typesOk: compiled.value };
}

/**
 * Installs and builds what is missing. Throws when nothing can run (Node, npm packages); without Python or a compiler it
 * logs one line each and continues with the wasm engine.
 *
 * @param onCompiled called as soon as dist/ is there, while downloads and the engine may be under way
 * @returns `{ jupyter, torch, typesOk }`: whether Jupyter and the torch engine are available and the sources type-check
 */
export async function setup(onCompiled = () => {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new Error(`Node.js ${process.version} is too old: nothing can run. Install Node.js 20 or newer`);
  }
  const done = () =>
    npmPackagesReady() &&
    pythonPackagesReady() &&
    torchEngineReady() &&
    pixelKernelsReady() &&
    compiled() &&
    kernelspecReady();
  if (done()) {
    onCompiled();
    return { jupyter: true, torch: true, typesOk: true };
  }

  const locked = (work) => withStatus(describeSteps, () => withLock(log, work));
  steps.set('waiting', Date.now()); // for another set-up that holds the lock
  return locked(async () => {
    steps.delete('waiting');
    const { withoutPython, withoutTorch, withoutPixels, typesOk } = await installAll(onCompiled);
    if (withoutPython) log(withoutPython);
    if (withoutTorch && withoutTorch !== withoutPython) log(withoutTorch);
    if (withoutPixels) log(withoutPixels);
    installKernelspec(log);
    log(withoutTorch ? 'ready, on the wasm engine: training will be slow' : 'ready');
    return { jupyter: !withoutPython, torch: !withoutTorch, typesOk };
  });
}

/** Runs a script's main function; an error ends it with its message and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(`\nStopped: ${process.env.DETLAB_DEBUG ? error.stack : error.message}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { values } = parseArgs({ options: { engine: { type: 'string' } } });
    const engines = ['torch', 'wasm', 'tensorflow'];
    if (values.engine && !engines.includes(values.engine)) {
      throw new Error(`Cannot install engine "${values.engine}": expected ${engines.join(', ')}`);
    }
    const { torch } = await setup();
    if (values.engine === 'tensorflow') {
      const { setupTensorflow } = await import('./setup-tensorflow.mjs');
      await setupTensorflow({ log });
    }
    if (values.engine === 'torch' && !torch) return 1;
    log(
      `everything is installed: ${existsSync(venvPython) ? 'npm start, npm run lab or npm test' : 'npm start or npm test'}`,
    );
    log(`(in ${join(root)})`);
    return 0;
  });
}
