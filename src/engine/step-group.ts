// The process group of the forward and backward pass that is running: what batch norms and divisors of losses sum over. Outside
// of a training step there is none, so that a validation loss or a prediction is that of one process.

import type { ProcessGroup } from './torch/process-group';

let current: ProcessGroup | undefined;

/** The group whose ranks all make this step, or undefined in a run of one process. */
export const stepGroup = (): ProcessGroup | undefined => current;

/** Runs one step of all ranks. */
export function inStepOf<T>(group: ProcessGroup, step: () => T): T {
  current = group;
  try {
    return step();
  } finally {
    current = undefined;
  }
}
