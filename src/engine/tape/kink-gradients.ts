// Gradients at kinks and ties by torch's rules, where tfjs has others: |x| has none at 0 (tfjs: -1), ReLU6 none at 0 and 6, x^0
// none anywhere (tfjs: NaN at 0), and numbers that tie for a maximum or minimum share its gradient (tfjs: each gets all).

import * as tf from '@tensorflow/tfjs';

/** Sums a gradient over the axes along which an input was broadcast. */
function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return (axes.length > 0 ? tf.sum(gradient, axes) : gradient).reshape(shape);
}

const float = (x: tf.Tensor) => tf.cast(x, 'float32');

const absGradient: tf.GradConfig = {
  kernelName: tf.Abs,
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as tf.Tensor, tf.sign(float(x))) }),
};

const relu6Gradient: tf.GradConfig = {
  kernelName: tf.Relu6,
  inputsToSave: ['x'],
  gradFunc: (dy, [x]) => ({
    x: () => tf.mul(dy as tf.Tensor, float(tf.logicalAnd(tf.greater(x, 0), tf.less(x, 6)))),
  }),
};

/** d(a^b) is b a^(b - 1) da, and a^b log(a) db where a is positive. */
const powerGradient: tf.GradConfig = {
  kernelName: tf.Pow,
  inputsToSave: ['a', 'b'],
  outputsToSave: [true],
  gradFunc: (dy, [a, b, y]) => ({
    a: () => {
      const exponent = float(b);
      const lowered = tf.where(tf.equal(exponent, 0), tf.zerosLike(exponent), tf.sub(exponent, 1)); // 0 a^0, not 0 / a
      return unbroadcast(tf.mul(dy as tf.Tensor, tf.mul(exponent, tf.pow(a, lowered))), a.shape);
    },
    b: () => {
      const log = tf.where(tf.greater(a, 0), tf.log(a), tf.zerosLike(a));
      return unbroadcast(tf.mul(dy as tf.Tensor, tf.mul(y, log)), b.shape);
    },
  }),
};

/** The gradient of a reduction to its extreme is divided among the elements that equal it. */
const extremeGradient = (kernelName: string): tf.GradConfig => ({
  kernelName,
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradFunc: (dy, [x, y], attributes) => {
    const { axis, reductionIndices = axis } = attributes as { reductionIndices?: number[]; axis?: number[] };
    const axes = tf.util.parseAxisParam(reductionIndices as number[], x.shape);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    return {
      x: () => {
        const tied = float(tf.equal(x, y.reshape(kept)));
        return tf.mul(tied, tf.div((dy as tf.Tensor).reshape(kept), tf.sum(tied, axes, true)));
      },
    };
  },
});

type PairFunction = (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** A gradient of two inputs that may have been broadcast, which tfjs forgets for these kernels. */
function pairGradient(kernelName: string, da: PairFunction, db: PairFunction): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => unbroadcast(da(dy as tf.Tensor, a, b), a.shape),
      b: () => unbroadcast(db(dy as tf.Tensor, a, b), b.shape),
    }),
  };
}

/** dy where `a` is above `b`, half of it where they tie. */
const ofLarger: PairFunction = (dy, a, b) =>
  tf.mul(dy, tf.mul(tf.add(float(tf.greater(a, b)), float(tf.greaterEqual(a, b))), 0.5));

const ofSmaller: PairFunction = (dy, a, b) => ofLarger(dy, b, a);

export const kinkGradients: readonly tf.GradConfig[] = [
  absGradient,
  relu6Gradient,
  powerGradient,
  extremeGradient(tf.Max),
  extremeGradient(tf.Min),
  pairGradient(tf.Maximum, ofLarger, (dy, a, b) => ofLarger(dy, b, a)),
  pairGradient(tf.Minimum, ofSmaller, (dy, a, b) => ofSmaller(dy, b, a)),
  pairGradient(
    tf.SquaredDifference,
    (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), 2)),
    (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(b, a), 2)),
  ),
];
