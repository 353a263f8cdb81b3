// The wasm engine in Node: the binaries are those of node_modules.

import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { Engine, EngineOptions } from '../engine';
import { threadCount } from '../thread-count';
import { withNodeWorkers } from './node-threads';
import { startWasmWith } from './start-wasm-with';

/**
 * Starts the wasm engine and makes it tfjs's backend.
 * @throws DetLabError for a device other than the CPU.
 */
export async function startWasm(options: EngineOptions = {}): Promise<Engine> {
  const threads = threadCount(options);
  if (!Number.isInteger(threads) || threads < 1)
    throw new DetLabError(`Cannot start the wasm engine with ${threads} threads: expected an integer >= 1`);
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + sep;
  if (threads === 1) return startWasmWith(folder, options);
  // tfjs knows no threads in Node
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  return withNodeWorkers(threads, () => startWasmWith(folder, { ...options, threads }));
}
