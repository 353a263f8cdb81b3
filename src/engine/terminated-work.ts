// Tidies up after code that was terminated inside of tf.tidy, tf.grads or autocast: no `finally` of it has run. To be called
// from the event loop, where no synchronous code is left that could still need any of it.

import * as tf from '@tensorflow/tfjs';
import { abandonInterruption } from './interruption';
import { abandonAutocast } from './torch/autocast';
import { abandonGradients } from './torch/gradients';

interface TfState {
  scopeStack: object[];
  gradientDepth: number;
  kernelDepth: number;
  numDataMovesStack: number[];
  activeTape?: object[];
}

const stateOf = () => (tf.engine() as unknown as { state: TfState }).state;

/** How many scopes of tf.engine().startScope() are open; tf.tidy leaves none open when it returns. */
export const openScopes = (): number => stateOf().scopeStack.length;

/**
 * Frees what terminated code has left half-done: its scopes and their tensors, its gradient functions, its precision.
 *
 * @param scopes how many were open before it
 */
export function endTerminatedWork(scopes: number): void {
  abandonInterruption();
  abandonGradients();
  abandonAutocast();
  const state = stateOf();
  Object.assign(state, { gradientDepth: 0, kernelDepth: 0, numDataMovesStack: [], activeTape: undefined });
  while (state.scopeStack.length > scopes) tf.engine().endScope();
}
