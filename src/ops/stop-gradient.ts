// Stops gradients, as PyTorch's detach.

import * as tf from '@tensorflow/tfjs';

/**
 * `x`, or `compute(x)`, as a constant; `compute` may use operations without a gradient.
 *
 * @example tf.grad((x) => tf.sum(tf.mul(x, stopGradient(x))))(tf.tensor1d([3])) // 3, not 6
 */
export function stopGradient<T extends tf.Tensor, R extends tf.Tensor = T>(x: T, compute?: (x: T) => R): R {
  const { shape } = x;
  const constant = tf.customGrad((input) => ({
    value: compute ? compute(input as T) : tf.clone(input as T),
    gradFunc: (dy: tf.Tensor) => (compute ? tf.zeros(shape) : tf.zerosLike(dy)),
  }));
  return constant(x) as R;
}

/**
 * The tensors that `compute` makes, as constants; it may use operations without a gradient.
 *
 * @example const [a, b] = constants(() => teacher.extractFeatures(inputs));
 */
export function constants(compute: () => tf.Tensor[]): tf.Tensor[] {
  let made: tf.Tensor[] = [];
  // what a custom gradient makes on the way ends with it, but for what is kept
  tf.tidy(
    () =>
      void stopGradient(tf.scalar(0), (x) => {
        made = compute().map((tensor) => tf.keep(tf.clone(tensor)));
        return tf.clone(x);
      }),
  );
  return made.map((tensor) => {
    const constant = tf.clone(tensor);
    tensor.dispose();
    return constant;
  });
}
