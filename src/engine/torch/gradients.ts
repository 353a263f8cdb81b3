// tfjs's `gradients` and `customGrad` on libtorch's autograd, for every gradient function and optimizer of tfjs.
//
// For the time of `f` each x gets a data id of its own whose slot is a leaf of libtorch's graph (in a nested call: a
// node of the outer graph). Tensors that merely share the old data id, such as clones made before, stay constants, as
// on tfjs's tape. tfjs's own gradient depth stays 0, so its tape is never built and fused operations stay fused.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { TorchBackend, TorchData } from './backend';
import { kernel, native } from './native';

interface EngineState {
  tensorInfo: WeakMap<object, object> & { get(key: object): object | undefined };
  numDataBuffers: number;
  activeScope?: { name: string } | null;
}
interface TfEngine {
  state: EngineState;
  gradients: (f: () => tf.Tensor, xs: tf.Tensor[], dy?: tf.Tensor | null, allowNoGradients?: boolean) => Gradients;
  customGrad: (f: CustomFunction) => (...inputs: tf.Tensor[]) => tf.Tensor;
  removeDataId(dataId: object, backend: TorchBackend): void;
}
interface Gradients {
  value: tf.Tensor;
  grads: tf.Tensor[];
}
type CustomFunction = (...args: unknown[]) => {
  value: tf.Tensor;
  gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
};

interface Swap {
  x: tf.Tensor;
  original: TorchData;
  leaf: TorchData;
}

/** tfjs operations that use customGrad only to hide a kernel libtorch differentiates itself. */
const TRANSPARENT = new Set([
  'fusedConv2d__op',
  'fusedDepthwiseConv2d__op',
  'fusedMatMul__op',
  'logSoftmax__op',
  'logSigmoid__op',
  'softmaxCrossEntropy__op',
]);

let depth = 0;
let kept: tf.Tensor[] = [];
let callbacks: ((dy: number) => number[])[] = [];

/** How deep in gradient functions the program stands. */
export const gradientDepth = (): number => depth;

/** A tensor's data id may be swapped although its type says it is read-only. */
const setDataId = (x: tf.Tensor, data: TorchData) => {
  (x as { dataId: object }).dataId = data;
};

function tensorOf(backend: TorchBackend, slot: number, shape: number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend.wrap(slot, shape, 'float32'), backend);
}

function release(engine: TfEngine, backend: TorchBackend, data: TorchData): void {
  if (backend.disposeData(data)) engine.removeDataId(data, backend);
}

function swapIn(engine: TfEngine, backend: TorchBackend, xs: tf.Tensor[]): Map<number, Swap> {
  const swaps = new Map<number, Swap>();
  for (const x of xs) {
    if (swaps.has(x.id)) continue;
    const slot = backend.slotOf(x);
    const original = x.dataId as TorchData;
    // two references: the tensor's own (an assign inside f gives it up) and this call's
    const leaf: TorchData = { slot: kernel.leaf(slot), references: 2, source: original.source ?? original };
    backend.adopt(leaf);
    engine.state.tensorInfo.set(leaf, { ...engine.state.tensorInfo.get(original) });
    engine.state.numDataBuffers++;
    setDataId(x, leaf);
    swaps.set(x.id, { x, original, leaf });
  }
  return swaps;
}

function swapOut(engine: TfEngine, backend: TorchBackend, swaps: Map<number, Swap>): void {
  for (const { x, original, leaf } of swaps.values()) {
    if (x.dataId === leaf && !x.isDisposed) {
      setDataId(x, original);
      leaf.references--;
    } else {
      release(engine, backend, original); // assigned or disposed inside f: tfjs gave up the leaf in its stead
    }
    release(engine, backend, leaf);
    if (leaf.references > 0) leaf.source = undefined; // a clone that outlives f
  }
}

function requireTensor(y: unknown): asserts y is tf.Tensor {
  if (!(y instanceof tf.Tensor)) throw new Error('The result y returned by f() must be a tensor.');
}

function gradients(
  engine: TfEngine,
  backend: TorchBackend,
  f: () => tf.Tensor,
  xs: tf.Tensor[],
  dy?: tf.Tensor | null,
  allowNoGradients = false,
): Gradients {
  if (xs.length === 0) throw new Error('gradients() received an empty list of xs.');
  if (dy && dy.dtype !== 'float32') throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
  const before = native.gradMode(true, depth + 1);
  const createGraph = depth > 0; // an outer call will differentiate this one
  depth++;
  let swaps = new Map<number, Swap>();
  try {
    swaps = swapIn(engine, backend, xs);
    const y = tf.tidy('forward', f);
    requireTensor(y);
    return tf.tidy('backward', () => {
      const mixed = native.autocast(false, 'bfloat16');
      try {
        const leaves = xs.map((x) => swaps.get(x.id)!.leaf.slot);
        const slots = native.backward(backend.slotOf(y), dy ? backend.slotOf(dy) : -1, leaves, createGraph);
        const grads = slots.map((slot, k) => (slot < 0 ? undefined : tensorOf(backend, slot, [...xs[k].shape])));
        if (!allowNoGradients && grads.every((grad) => grad === undefined))
          throw new Error(
            'Cannot compute gradient of y=f(x) with respect to x. Make sure that the f you passed encloses all ' +
              'operations that lead from x to y.',
          );
        native.raise(backend.slotOf(y));
        // tfjs's own callers take missing entries as "no gradient"
        return { value: y, grads: grads as tf.Tensor[] } as never;
      } finally {
        if (mixed) native.autocast(true, currentType);
      }
    }) as unknown as Gradients;
  } finally {
    swapOut(engine, backend, swaps);
    depth--;
    native.gradMode(before, depth);
    if (depth === 0) {
      for (const tensor of kept) tensor.dispose();
      kept = [];
      callbacks = [];
      native.detachAll();
    }
  }
}

let currentType = 'bfloat16';
/** Which low precision autocast uses, so that a gradient call can switch it back on. */
export const setAutocastType = (type: string): void => {
  currentType = type;
};

function checkCustom(result: unknown): ReturnType<CustomFunction> {
  const custom = result as ReturnType<CustomFunction>;
  if (!(custom?.value instanceof tf.Tensor))
    throw new Error('The function f passed in customGrad(f) must return an object where `obj.value` is a tensor');
  if (typeof custom.gradFunc !== 'function')
    throw new Error('The function f passed in customGrad(f) must return an object where `obj.gradFunc` is a function.');
  return custom;
}

function checkGradients(result: tf.Tensor | tf.Tensor[], inputs: tf.Tensor[]): tf.Tensor[] {
  const list = Array.isArray(result) ? result : [result];
  if (list.length !== inputs.length || !list.every((tensor) => tensor instanceof tf.Tensor))
    throw new Error(
      'The function f passed in customGrad(f) must return an object where `obj.gradFunc` is a function that returns ' +
        `the same number of tensors as inputs passed to f(...): expected ${inputs.length}, received ${list.length}.`,
    );
  list.forEach((tensor, k) => {
    if (!tf.util.arraysEqual(tensor.shape, inputs[k].shape))
      throw new DetLabError(
        `Cannot use gradient ${k} of a customGrad function: expected the input's shape [${inputs[k].shape}], received [${tensor.shape}]`,
      );
  });
  return list;
}

/** Runs a custom-gradient function as one opaque node of libtorch's graph. */
function runCustom(backend: TorchBackend, f: CustomFunction, inputs: tf.Tensor[]): tf.Tensor {
  const inputSlots = inputs.map((input) => backend.slotOf(input));
  let saved: tf.Tensor[] = [];
  const save = (tensors: tf.Tensor[]) => {
    saved = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
    kept.push(...saved);
  };
  let custom: ReturnType<CustomFunction> | undefined;
  const before = native.gradMode(false, depth);
  let value: tf.Tensor;
  try {
    value = tf.tidy(() => {
      custom = checkCustom(f(...inputs, save));
      return custom.value;
    });
  } finally {
    native.gradMode(before, depth);
  }
  const back = (dySlot: number) => {
    let slots: number[] = [];
    tf.tidy(() => {
      const dy = tensorOf(backend, dySlot, [...value.shape]);
      const result = checkGradients(custom!.gradFunc(dy, saved), inputs);
      slots = result.map((tensor, k) => (inputs[k].dtype === 'float32' ? kernel.alias(backend.slotOf(tensor)) : -1));
    });
    return slots;
  };
  const slot = native.custom(backend.slotOf(value), inputSlots, callbacks.push(back) - 1);
  if (slot < 0) return value;
  const result = tf.engine().makeTensorFromTensorInfo(backend.wrap(slot, [...value.shape], value.dtype), backend);
  value.dispose();
  return result;
}

/** Overrides the two methods on tfjs's engine; other backends keep tfjs's own. */
export function installGradients(backendName: string): void {
  const engine = tf.engine() as unknown as TfEngine & { backendName: string; backend: TorchBackend };
  const stock = Object.getPrototypeOf(engine) as TfEngine;
  native.setDispatcher((index, dy) => callbacks[index](dy));
  engine.gradients = (f, xs, dy, allowNoGradients) =>
    engine.backendName === backendName
      ? gradients(engine, engine.backend, f, xs, dy, allowNoGradients)
      : stock.gradients.call(engine, f, xs, dy, allowNoGradients);
  engine.customGrad = (f) => {
    const plain = stock.customGrad.call(engine, f);
    return (...inputs) => {
      if (engine.backendName !== backendName || depth === 0) return plain(...inputs);
      if (TRANSPARENT.has(engine.state.activeScope?.name ?? '')) return tf.tidy(() => f(...inputs, () => {}).value);
      return runCustom(engine.backend, f, inputs);
    };
  };
}
