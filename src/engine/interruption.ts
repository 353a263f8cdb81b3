// Leaves a computation between two operations when Stop has become urgent: a step of training can take longer than a user who
// has pressed Stop waits. What the computation had made is freed, as after any error in it.

import * as tf from '@tensorflow/tfjs';
import { engineIfRunning } from './index';

/** The notebook's kernel sets this property of its abort signal: one element in shared memory, 1 when urgent. */
const URGENCY = Symbol.for('detlab.urgency');

interface TfEngine {
  runKernelFunc(call: unknown): unknown;
}

let watched: Int32Array | undefined;
let isInstalled = false;

/** Makes every operation look at the urgency, on all engines. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const engine = tf.engine() as unknown as TfEngine;
  const run = engine.runKernelFunc;
  engine.runKernelFunc = function runKernelFunc(call) {
    if (watched !== undefined && Atomics.load(watched, 0) !== 0) throw new Error('Stopped by the user');
    return run.call(this, call);
  };
}

function watch(urgency: Int32Array | undefined): void {
  watched = urgency;
  engineIfRunning()?.watch?.(urgency);
}

const urgencyOf = (signal: AbortSignal | undefined): Int32Array | undefined =>
  (signal as { [URGENCY]?: Int32Array } | undefined)?.[URGENCY];

/** `signal`, which is urgent when `other` is: of a run whose processes stop together. */
export function withUrgencyOf(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const urgency = urgencyOf(other);
  return urgency ? Object.assign(signal, { [URGENCY]: urgency }) : signal;
}

/** Whether `interruptible` can leave work that uses this signal. */
export const canInterrupt = (signal: AbortSignal | undefined): boolean => urgencyOf(signal) !== undefined;

/**
 * Computes something synchronous that is left when Stop becomes urgent; without a kernel's signal it runs to its end.
 *
 * @returns undefined when it was left
 */
export function interruptible<T extends object>(signal: AbortSignal | undefined, work: () => T): T | undefined {
  const urgency = urgencyOf(signal);
  if (urgency === undefined) return work();
  install();
  watch(urgency);
  try {
    return work();
  } catch (error) {
    // the torch engine leaves its backward pass with an error of its own
    if (Atomics.load(urgency, 0) !== 0) return undefined;
    throw error;
  } finally {
    watch(undefined);
  }
}

/** After code that was terminated, whose `finally` has not run. */
export const abandonInterruption = (): void => watch(undefined);
