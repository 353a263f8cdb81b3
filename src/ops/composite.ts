// Operations made of several kernels that another program has as one (group normalisation) or cannot have by kernels alone
// (a table whose values depend on the size of the input). Whoever records a network is given them by name.

import type * as tf from '@tensorflow/tfjs';

export interface Composite {
  name: string;
  /** Absent ones are undefined. */
  inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  attrs: Readonly<Record<string, unknown>>;
}
/** Runs a composite by its `compute`, without seeing the kernels inside. */
type Watcher = (composite: Composite, compute: () => tf.Tensor) => tf.Tensor;

let watcher: Watcher | undefined;

/** @example composite({ name: 'GroupNorm', inputs: { x }, attrs: { groups } }, () => normalise(x, groups)) */
export function composite<T extends tf.Tensor>(named: Composite, compute: () => T): T {
  return watcher ? (watcher(named, compute) as T) : compute();
}

/** Until it is called again, `watch` sees the composites; it returns the watcher before. */
export function watchComposites(watch: Watcher | undefined): Watcher | undefined {
  const before = watcher;
  watcher = watch;
  return before;
}

/** Whether somebody records a network: who does so knows the kernels of TensorFlow.js, not each fusion of them. */
export const isRecorded = (): boolean => watcher !== undefined;
