// The C++ engine, built by kernels/torch/build.mjs against the torch wheel in .venv.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastLine, run } from './command.mjs';
import { root, venvPython } from './paths.mjs';
import places from './places.cjs';
import { digest, digestTree, isDone, markDone } from './stamp.mjs';

const inputs = () =>
  digest(
    [process.version, digestTree(['kernels/torch/src'], /\.(cc|cpp|cu|h|hpp|mjs|txt)$/)],
    ['requirements.txt', 'kernels/torch/build.mjs', 'kernels/torch/find-torch.mjs'],
  );
const product = join(places.buildFolder('torch'), 'detlab_torch.node');

export const torchEngineReady = () => existsSync(product) && existsSync(venvPython) && isDone('torch-engine', inputs());

export const LOST = 'the torch engine cannot be built, only the wasm engine is available';

/** Why the engine cannot be built on this machine, in one line; undefined where nothing is missing. */
export async function compilerMissing() {
  if (process.platform !== 'linux')
    return `the torch engine is built on Linux only, and this is ${process.platform}: ${LOST}${process.platform === 'win32' ? '. In WSL 2 it can be built' : ''}`;
  const compiler = process.env.CXX ?? 'g++';
  if ((await run(compiler, ['--version'])).code === 0) return undefined;
  return `the C++ compiler ${compiler} is missing: ${LOST}. Install g++ 10 or newer (Debian, Ubuntu: apt install g++), or set CXX to one`;
}

/** Builds the engine. Returns one line with the reason if that fails. */
export async function buildEngine(log) {
  if (torchEngineReady()) return undefined;
  const missing = await compilerMissing();
  if (missing) return missing;
  const before = inputs();
  try {
    const { buildTorchEngine } = await import(pathToFileURL(join(root, 'kernels', 'torch', 'build.mjs')).href);
    await buildTorchEngine({ log });
  } catch (error) {
    return `${LOST}: ${lastLine(String(error.message ?? error)) || error}`;
  }
  markDone('torch-engine', before);
  return undefined;
}
