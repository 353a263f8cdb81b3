// Picks an engine. (First version: replaced by the engines themselves as they land.)

import { DetLabError } from '../errors';
import type { Engine, EngineOptions } from './engine';
import { startTensorflow } from './tensorflow';
import { startWasm } from './wasm';

export type { Engine, EngineMemory, EngineName, EngineOptions, Precision, SgdOptions } from './engine';

let current: Engine | undefined;

/** Starts the best engine installed, or the one asked for; a second call returns the first one's engine. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const name = options.engine ?? process.env.DETLAB_ENGINE;
  current ??= await (name === 'tensorflow' ? startTensorflow : startWasm)(options);
  return current;
}

/** The engine started before. */
export function engine(): Engine {
  if (!current) throw new DetLabError('Cannot use an engine before one is started: call `await startEngine()` first');
  return current;
}
