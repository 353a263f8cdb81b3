// Picks an engine: the one asked for (option or `DETLAB_ENGINE`), else the best one installed. Best first: torch,
// tensorflow, wasm. Taking a slower one is never silent.

import * as tf from '@tensorflow/tfjs';
import { DetLabError, didYouMean } from '../errors';
import type { Engine, EngineName, EngineOptions } from './engine';
import { startTensorflow, tensorflowMissing } from './tensorflow';
import { startTorch, torchMissing } from './torch';
import { startWasm } from './wasm';

export type { Engine, EngineMemory, EngineName, EngineOptions, Precision, SgdOptions } from './engine';

const NAMES: readonly EngineName[] = ['torch', 'tensorflow', 'wasm'];

const START: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  torch: startTorch,
  tensorflow: startTensorflow,
  wasm: startWasm,
};

let current: Engine | undefined;
let starting: Promise<Engine> | undefined;

/**
 * Starts the best engine installed, or the one asked for (`DETLAB_ENGINE` and `DETLAB_DEVICE` in the environment); a
 * second call returns the first one's engine.
 * @throws DetLabError when the engine or device asked for cannot be had.
 *
 * @example const engine = await startEngine(); console.log(engine.description)
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const wanted = options.engine ?? (process.env.DETLAB_ENGINE || undefined);
  if (wanted !== undefined && !NAMES.includes(wanted as EngineName))
    throw new DetLabError(
      `Cannot start engine "${wanted}": expected one of ${NAMES.join(', ')}.${didYouMean(wanted, NAMES)}`,
    );
  starting ??= start(wanted as EngineName | undefined, options);
  try {
    current = await starting;
  } catch (error) {
    starting = undefined;
    throw error;
  }
  if (options.engine !== undefined && current.name !== options.engine)
    throw new DetLabError(
      `Cannot start engine "${options.engine}": this process already runs "${current.name}". Start a new process`,
    );
  return current;
}

async function start(wanted: EngineName | undefined, options: EngineOptions): Promise<Engine> {
  const device = options.device ?? (process.env.DETLAB_DEVICE || undefined);
  const full: EngineOptions = { ...options, device };
  if (wanted) return START[wanted](full);
  const reason = torchMissing();
  if (reason === undefined) return START.torch(full);
  const next: EngineName = tensorflowMissing() === undefined ? 'tensorflow' : 'wasm';
  process.stderr.write(`detlab: ${reason}. Using the slower ${next} engine until then\n`);
  return START[next](full);
}

/** The engine started before. */
export function engine(): Engine {
  if (!current) throw new DetLabError('Cannot use an engine before one is started: call `await startEngine()` first');
  return current;
}

/** Lets a model be built to be looked at, its weights zero, where no engine runs yet: TensorFlow.js's own CPU backend. */
export async function plainBackend(): Promise<void> {
  if (starting !== undefined) {
    await starting;
    return;
  }
  await tf.setBackend('cpu');
  // it would advertise another engine
  (tf.backend() as tf.KernelBackend & { firstUse?: boolean }).firstUse = false;
}
