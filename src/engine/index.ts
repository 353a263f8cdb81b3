// Selects an engine: the requested one (option or `DETLAB_ENGINE`), or the best one installed of torch, tensorflow, wasm.
// Falling back to a slower one is reported.

import * as tf from '@tensorflow/tfjs';
import { DetLabError, didYouMean } from '../errors';
import type { Engine, EngineName, EngineOptions } from './engine';
import { startTensorflow, tensorflowMissing } from './tensorflow';
import { prepareTorch, startTorch } from './torch';
import { freeUnreachableTensors } from './unreachable-tensors';

export type { Engine, EngineMemory, EngineName, EngineOptions, Precision, SgdOptions } from './engine';

const NAMES: readonly EngineName[] = ['torch', 'tensorflow', 'wasm'];

const START: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  torch: startTorch,
  tensorflow: startTensorflow,
  // tfjs's binaries are loaded where there is no other engine
  wasm: (options) => (require('./wasm') as typeof import('./wasm')).startWasm(options),
};

freeUnreachableTensors();

let current: Engine | undefined;
let starting: Promise<Engine> | undefined;

/**
 * Starts the requested engine (`DETLAB_ENGINE` and `DETLAB_DEVICE` in the environment), or the best one installed; further
 * calls return the same engine.
 * @throws DetLabError when the requested engine or device is not available.
 *
 * @example const engine = await startEngine(); console.log(engine.description)
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const requested = options.engine ?? (process.env.DETLAB_ENGINE || undefined);
  if (requested !== undefined && !NAMES.includes(requested as EngineName))
    throw new DetLabError(
      `Cannot start engine "${requested}": expected one of ${NAMES.join(', ')}.${didYouMean(requested, NAMES)}`,
    );
  starting ??= start(requested as EngineName | undefined, options);
  try {
    current = await starting;
  } catch (error) {
    starting = undefined;
    throw error;
  }
  if (options.engine !== undefined && current.name !== options.engine)
    throw new DetLabError(
      `Cannot start engine "${options.engine}": this process already uses "${current.name}". Start a new process`,
    );
  return current;
}

async function start(requested: EngineName | undefined, options: EngineOptions): Promise<Engine> {
  const device = options.device ?? (process.env.DETLAB_DEVICE || undefined);
  const full: EngineOptions = { ...options, device };
  if (requested === 'torch') {
    const missing = await prepareTorch(true);
    if (missing !== undefined) throw new DetLabError(`Cannot start the torch engine: ${missing}`);
  }
  if (requested) return START[requested](full);
  const reason = await prepareTorch(false);
  if (reason === undefined) return START.torch(full);
  const next: EngineName = tensorflowMissing() === undefined ? 'tensorflow' : 'wasm';
  process.stderr.write(`detlab: ${reason}. Falling back to the slower ${next} engine\n`);
  return START[next](full);
}

/** The running engine, or undefined. */
export const engineIfRunning = (): Engine | undefined => current;

/** The running engine. */
export function engine(): Engine {
  if (!current) throw new DetLabError('Cannot use an engine: none is running. Call `await startEngine()` first');
  return current;
}

/** TensorFlow.js's CPU backend if no engine is running, to build a model for inspection, with zero weights. */
export async function plainBackend(): Promise<void> {
  if (starting !== undefined) {
    await starting;
    return;
  }
  await tf.setBackend('cpu');
  // suppresses its advice to install another backend
  (tf.backend() as tf.KernelBackend & { firstUse?: boolean }).firstUse = false;
}
