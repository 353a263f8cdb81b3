// The C++ engine, built by kernels/torch/build.mjs against the torch wheel in .venv.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lastLine, run } from './command.mjs';
import { root, venvPython } from './paths.mjs';
import { digest, digestTree, isDone, markDone } from './stamp.mjs';

const inputs = () =>
  digest(
    [process.version, digestTree(['kernels/torch/src'], /\.(cc|cpp|cu|h|hpp|mjs|txt)$/)],
    ['requirements.txt', 'kernels/torch/build.mjs'],
  );
const product = join(root, 'kernels', 'torch', 'build', 'detlab_torch.node');

export const torchEngineReady = () => existsSync(product) && existsSync(venvPython) && isDone('torch-engine', inputs());

/** Builds the engine. Returns one line with the reason if that fails. */
export async function buildEngine(log) {
  if (torchEngineReady()) return undefined;
  const lost = 'the torch engine cannot be built, only the wasm engine is available';
  const compiler = process.env.CXX ?? 'g++';
  if ((await run(compiler, ['--version'])).code !== 0) {
    return `the C++ compiler ${compiler} is missing: ${lost}. Install g++ 10 or newer (Debian, Ubuntu: apt install g++), or set CXX to one`;
  }
  const before = inputs();
  try {
    const { buildTorchEngine } = await import(pathToFileURL(join(root, 'kernels', 'torch', 'build.mjs')).href);
    await buildTorchEngine({ log });
  } catch (error) {
    return `${lost}: ${lastLine(String(error.message ?? error)) || error}`;
  }
  markDone('torch-engine', before);
  return undefined;
}
