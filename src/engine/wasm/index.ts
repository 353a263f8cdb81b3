// The wasm engine in Node: the binaries are those of node_modules. Single-threaded.

import { dirname, join, sep } from 'node:path';
import type { Engine, EngineOptions } from '../engine';
import { startWasmWith } from './start-wasm-with';

/**
 * Starts the wasm engine and makes it tfjs's backend.
 * @throws DetLabError for a device other than the CPU.
 */
export async function startWasm(options: EngineOptions = {}): Promise<Engine> {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
  return startWasmWith(folder + sep, options);
}
