// Picks an engine. (First version: replaced by the engines themselves as they land.)

import * as tf from '@tensorflow/tfjs';
import type { Engine, EngineOptions } from './engine';

export type { Engine, EngineMemory, EngineName, EngineOptions, Precision, SgdOptions } from './engine';

let current: Engine | undefined;

/** Starts the best engine installed, or the one asked for; a second call returns the first one's engine. */
export async function startEngine(_options: EngineOptions = {}): Promise<Engine> {
  if (current) return current;
  await tf.setBackend('cpu');
  current = {
    name: 'wasm',
    device: 'cpu',
    description: 'tfjs cpu',
    precisions: ['float32'],
    autocast: (_p, f) => f(),
    sgdStep() {
      throw new Error('no engine yet');
    },
    clipGradNorm() {
      throw new Error('no engine yet');
    },
    memory: () => ({ slots: tf.memory().numTensors, bytesInUse: tf.memory().numBytes, bytesPeak: 0, bytesCached: 0 }),
    resetPeak() {},
  };
  return current;
}

/** The engine started before. */
export function engine(): Engine {
  if (!current) throw new Error('No engine is started: call `await startEngine()` first');
  return current;
}
