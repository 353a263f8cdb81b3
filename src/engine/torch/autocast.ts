// Mixed precision: libtorch's autocast around a function. Inside, convolutions and matrix products compute in the lower
// precision and activations stay in it; results are cast back to float32.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { Precision } from '../engine';
import type { TorchBackend } from './backend';
import { setAutocastType } from './gradients';
import { native } from './native';

let active: Precision = 'float32';

/** Every tensor in a result, at any depth of arrays and plain objects. */
function tensorsIn(value: unknown, tensors: tf.Tensor[] = [], seen = new Set<unknown>()): tf.Tensor[] {
  if (value instanceof tf.Tensor) tensors.push(value);
  else if (value !== null && typeof value === 'object' && !ArrayBuffer.isView(value) && !seen.has(value)) {
    seen.add(value);
    for (const item of value instanceof Map || value instanceof Set ? value.values() : Object.values(value))
      tensorsIn(item, tensors, seen);
  }
  return tensors;
}

function switchTo(precision: Precision): void {
  active = precision;
  if (precision !== 'float32') setAutocastType(precision);
  native.autocast(precision !== 'float32', precision);
}

/** Returns to float32 after code in mixed precision was terminated. */
export function abandonAutocast(): void {
  if (active !== 'float32') switchTo('float32');
}

/** @throws DetLabError for a precision the engine lacks, or an asynchronous function. */
export function autocast<T>(backend: TorchBackend, allowed: readonly Precision[], precision: Precision, f: () => T): T {
  if (!allowed.includes(precision))
    throw new DetLabError(
      `Cannot compute in "${precision}" on this engine: expected one of ${allowed.map((p) => `"${p}"`).join(', ')}`,
    );
  const before = active;
  switchTo(precision);
  let result: T;
  try {
    result = f();
    if (result instanceof Promise)
      throw new DetLabError(
        'Cannot run an async function in mixed precision: expected a synchronous function. Await outside of `autocast`',
      );
  } finally {
    switchTo(before);
  }
  if (before === 'float32' && precision !== 'float32')
    for (const tensor of tensorsIn(result))
      if (tensor.dtype === 'float32' && !tensor.isDisposed) native.raise(backend.slotOf(tensor));
  return result;
}
