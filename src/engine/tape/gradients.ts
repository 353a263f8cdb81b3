// Gradients for the engines that differentiate on tfjs's tape (wasm, tensorflow): those that tfjs lacks (dilated convolutions,
// batchNorm without scale or offset, einsum, indexing), those at kinks and ties, and a batchNorm gradient in fewer passes.

import * as tf from '@tensorflow/tfjs';
import { indexingGradients } from './indexing-gradients';
import { kinkGradients } from './kink-gradients';

type Attributes = Record<string, unknown>;

/** Runs a kernel with attributes that tfjs's op would not pass on. */
function run(kernel: string, inputs: Record<string, tf.Tensor>, attributes: Attributes): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes as unknown as tf.NamedAttrMap) as tf.Tensor;
}

/** conv2d's gradient; the backprop kernels of these engines support the attribute `dilations`. */
const conv2dGradient: tf.GradConfig = {
  kernelName: tf.Conv2D,
  inputsToSave: ['x', 'filter'],
  gradFunc: (dy, saved, attributes) => {
    const [x, filter] = saved;
    const { strides, pad, dataFormat, dimRoundingMode, dilations } = attributes as Attributes;
    const shared = { strides, pad, dataFormat, dimRoundingMode, dilations };
    const inputs = { dy: dy as tf.Tensor, filter };
    return {
      x: () => run(tf.Conv2DBackpropInput, inputs, { ...shared, inputShape: x.shape }),
      filter: () => run(tf.Conv2DBackpropFilter, { x, dy: dy as tf.Tensor }, { ...shared, filterShape: filter.shape }),
    };
  },
};

const depthwiseGradient: tf.GradConfig = {
  kernelName: tf.DepthwiseConv2dNative,
  inputsToSave: ['x', 'filter'],
  gradFunc: (dy, saved, attributes) => {
    const [x, filter] = saved;
    const { strides, pad, dimRoundingMode, dilations } = attributes as Attributes;
    const shared = { strides, pad, dimRoundingMode, dilations: dilations ?? [1, 1] };
    const source = dy as tf.Tensor;
    return {
      x: () => run(tf.DepthwiseConv2dNativeBackpropInput, { dy: source, filter }, { ...shared, inputShape: x.shape }),
      filter: () =>
        run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy: source }, { ...shared, filterShape: filter.shape }),
    };
  },
};

/**
 * y = (x - mean) * r * scale + offset with r = 1 / sqrt(variance + eps), every input a separate leaf:
 *   dx = dy * r * scale          dmean = -sum(dx)        doffset = sum(dy)
 *   dscale = sum(dy * (x - mean)) * r                    dvariance = sum(dy * (x - mean)) * scale * r^3 / -2
 */
const batchNormGradient: tf.GradConfig = {
  kernelName: tf.FusedBatchNorm,
  inputsToSave: ['x', 'mean', 'variance', 'scale'],
  gradFunc: (dy, saved, attributes) => {
    const [x, mean, variance, scale] = saved;
    const g = dy as tf.Tensor;
    const axes = tf.broadcast_util.getReductionAxes(mean.shape, x.shape);
    const sum = (t: tf.Tensor) => (axes.length > 0 ? tf.sum(t, axes) : t).reshape(mean.shape);
    const r = tf.rsqrt(tf.add(variance, attributes.varianceEpsilon as unknown as number));
    const rScale = tf.mul(r, scale);
    // recomputed for each gradient, since the tape runs each of these functions in its own tidy
    const projection = () => sum(tf.mul(g, tf.sub(x, mean)));
    return {
      x: () => tf.mul(g, rScale),
      mean: () => tf.neg(tf.mul(sum(g), rScale)),
      variance: () => tf.mul(projection(), tf.mul(tf.mul(rScale, tf.square(r)), -0.5)),
      scale: () => tf.mul(projection(), r),
      offset: () => sum(g),
    };
  },
};

/** d(operand) = einsum of dy with the other operand, broadcast along the indices that only this operand has. */
const einsumGradient: tf.GradConfig = {
  kernelName: tf.Einsum,
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const [left, output] = (attributes.equation as unknown as string).replace(/\s/g, '').split('->');
    const terms = left.split(',');
    const gradient = (i: number) => {
      const labels = [...terms[i]];
      const other = terms[1 - i];
      const shared = labels.filter((l) => output.includes(l) || other?.includes(l));
      const sources = other === undefined ? [dy as tf.Tensor] : [dy as tf.Tensor, saved[1 - i]];
      const equation = `${other === undefined ? output : `${output},${other}`}->${shared.join('')}`;
      const reduced = tf.einsum(equation, ...sources);
      const shape = labels.map((l, axis) => (shared.includes(l) ? saved[i].shape[axis] : 1));
      return tf.broadcastTo(reduced.reshape(shape), saved[i].shape as [number]);
    };
    return Object.fromEntries(terms.map((_, i) => [String(i), () => gradient(i)]));
  },
};

let registered = false;

/** Registers these gradients over tfjs's; once per process suffices. */
export function registerTapeGradients(): void {
  if (registered) return;
  registered = true;
  const layers = [conv2dGradient, depthwiseGradient, batchNormGradient, einsumGradient];
  for (const config of [...layers, ...kinkGradients, ...indexingGradients]) {
    if (tf.getGradient(config.kernelName)) tf.unregisterGradient(config.kernelName);
    tf.registerGradient(config);
  }
  fillBatchNormInputs();
  skipConstants();
}

/**
 * Keeps what has no real values (comparisons, indices, integers) off the tape: it is a constant to every gradient. tfjs would
 * look for the gradient of `less` in `where(less(a, b), ...)`, which does not exist.
 */
function skipConstants(): void {
  const engine = tf.engine() as unknown as {
    addTapeNode(
      name: string,
      inputs: object,
      outputs: tf.Tensor[],
      grad: unknown,
      saved?: tf.Tensor[],
      attrs?: object,
    ): void;
  };
  const addTapeNode = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (name, inputs, outputs, grad, saved, attrs) => {
    if (outputs.some(({ dtype }) => dtype === 'float32')) addTapeNode(name, inputs, outputs, grad, saved, attrs);
    else tf.dispose(saved ?? []);
  };
}

/** The tape does not support missing inputs: batchNorm without scale or offset gets ones or zeros. */
function fillBatchNormInputs(): void {
  const engine = tf.engine() as unknown as {
    runKernel(name: string, inputs: tf.NamedTensorMap, attributes?: tf.NamedAttrMap): tf.Tensor | tf.Tensor[];
  };
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (name, inputs, attributes) => {
    if (name !== tf.FusedBatchNorm || (inputs.scale && inputs.offset)) return runKernel(name, inputs, attributes);
    const filled = { ...inputs };
    filled.scale ??= tf.ones(inputs.mean.shape);
    filled.offset ??= tf.zeros(inputs.mean.shape);
    const output = runKernel(name, filled, attributes);
    if (!inputs.scale) filled.scale.dispose();
    if (!inputs.offset) filled.offset.dispose();
    return output;
  };
}
