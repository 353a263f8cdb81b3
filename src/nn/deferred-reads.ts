// Tensors that are read from the engine later: copying the weights of a large model takes a second, which a stopped cell has not.

import * as tf from '@tensorflow/tfjs';

let deferring = false;

/** In `f`, state dictionaries have the values of now, and read the data of a tensor when it is first asked for. */
export function deferReads<T>(f: () => T): T {
  deferring = true;
  try {
    return f();
  } finally {
    deferring = false;
  }
}

/** What `read` gives, as a property: read now or, in `deferReads`, of a tensor with the same data. */
export function dataOf<D extends object>(tensor: tf.Tensor, read: (tensor: tf.Tensor) => D): { data: D } {
  if (!deferring) return { data: read(tensor) };
  let data: D | undefined;
  const kept = tf.tidy(() => tf.keep(tf.clone(tensor))); // a variable that is stepped or assigned leaves its data behind
  return {
    get data() {
      if (data === undefined) {
        data = read(kept);
        kept.dispose();
      }
      return data;
    },
  };
}
