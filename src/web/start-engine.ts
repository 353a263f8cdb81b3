// Starts TensorFlow.js in a page or a worker: on wasm, with the kernels that the stock backend lacks or gets wrong.

import * as tf from '@tensorflow/tfjs';
import { startWasmWith, type WasmBinaries } from '../engine/wasm/start-wasm-with';
import { DetLabError } from '../errors';

export interface WebEngine {
  /** One line: `wasm (tfjs-backend-wasm 4.22) on cpu, 1 thread, float32`. */
  readonly description: string;
}

export interface StartOptions {
  /**
   * The binaries of @tensorflow/tfjs-backend-wasm 4.22: the address of the folder that has them (ending in a slash), of each by
   * its name, or the bytes of the one with SIMD. Several threads need a page that is cross-origin isolated, and the folder.
   */
  wasm: WasmBinaries | Uint8Array;
  /** Threads, where the page may have them: half of the processors at most, which is the default. */
  threads?: number;
}

let started: Promise<WebEngine> | undefined;

/**
 * Starts the engine of this page or worker; further calls return the same one.
 *
 * @throws DetLabError where the browser lacks WebAssembly's SIMD instructions, or a binary cannot be loaded
 * @example await startEngine({ wasm: '/node_modules/@tensorflow/tfjs-backend-wasm/dist/' });
 */
export function startEngine(options: StartOptions): Promise<WebEngine> {
  started ??= start(options).catch((error) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start({ wasm, threads }: StartOptions): Promise<WebEngine> {
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    throw new DetLabError(
      "Cannot start the engine: this browser lacks WebAssembly's SIMD instructions. Expected Chrome 91, Firefox 89, Safari 16.4 " +
        'or later',
    );
  if (!(wasm instanceof Uint8Array)) return startWasmWith(wasm, { threads });
  // the bytes are of one thread
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const address = URL.createObjectURL(new Blob([wasm as BlobPart], { type: 'application/wasm' }));
  const names = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];
  try {
    return await startWasmWith(Object.fromEntries(names.map((name) => [name, address])));
  } finally {
    URL.revokeObjectURL(address);
  }
}
