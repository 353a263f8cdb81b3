// The tensors among the properties of an object: what a module has cached, what an optimizer keeps of each parameter.

import * as tf from '@tensorflow/tfjs';

/** Tensors in a value, in arrays and in objects that are not instances of a class. */
export function ownedTensors(value: unknown, found: tf.Tensor[] = []): tf.Tensor[] {
  if (value instanceof tf.Tensor) found.push(value);
  else if (Array.isArray(value)) for (const item of value) ownedTensors(item, found);
  else if (isPlain(value)) for (const item of Object.values(value)) ownedTensors(item, found);
  return found;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
