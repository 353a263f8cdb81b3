// tfjs's gradients and custom gradients on libtorch's autograd, for all gradient functions and optimizers of tfjs.
//
// During `f` every x has a new data id whose slot is a leaf of libtorch's graph (in a nested call: a node of the outer
// graph). Other tensors that share the old data id, such as earlier clones, are constants, as on tfjs's tape. tfjs's own
// gradient depth stays 0, so that its tape is never built and fused operations stay fused.

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
  runKernelFunc: (call: KernelOrCustom) => tf.Tensor | tf.Tensor[];
  removeDataId(dataId: object, backend: TorchBackend): void;
}
interface Gradients {
  value: tf.Tensor;
  grads: tf.Tensor[];
}
/** The call of a tf.customGrad function to tfjs's engine; a registered kernel has a name instead. */
interface KernelOrCustom {
  kernelName?: string;
  forwardFunc: (backend: TorchBackend, save: tf.GradSaveFunc) => tf.Tensor;
  backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;
  inputs: Record<string, tf.Tensor>;
}

interface Swap {
  x: tf.Tensor;
  original: TorchData;
  leaf: TorchData;
}

/** tfjs operations that use customGrad around kernels that libtorch differentiates itself. */
const TRANSPARENT = new Set([
  'fusedConv2d__op',
  'fusedDepthwiseConv2d__op',
  'fusedMatMul__op',
  'logSoftmax__op',
  'logSigmoid__op',
  'softmaxCrossEntropy__op',
]);

let depth = 0;
/** What the running gradient functions have replaced, outermost first. */
const running: Map<number, Swap>[] = [];
let kept: tf.Tensor[] = [];
let callbacks: ((dy: number) => number[])[] = [];

/** Nesting depth of gradient functions. */
export const gradientDepth = (): number => depth;

/** Replaces a tensor's data id, which is typed as read-only. */
const setDataId = (x: tf.Tensor, data: TorchData) => {
  (x as { dataId: object }).dataId = data;
};

function tensorOf(backend: TorchBackend, slot: number, shape: number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(backend.wrap(slot, shape, 'float32'), backend);
}

function release(engine: TfEngine, backend: TorchBackend, data: TorchData): void {
  if (backend.disposeData(data)) engine.removeDataId(data, backend);
}

function swapIn(engine: TfEngine, backend: TorchBackend, xs: tf.Tensor[], swaps: Map<number, Swap>): void {
  for (const x of xs) {
    if (swaps.has(x.id)) continue;
    const slot = backend.slotOf(x);
    const original = x.dataId as TorchData;
    // two references: the tensor's (released by an assign inside f) and this call's
    const leaf: TorchData = { slot: kernel.leaf(slot), references: 2, source: original.source ?? original };
    backend.adopt(leaf);
    engine.state.tensorInfo.set(leaf, { ...engine.state.tensorInfo.get(original) });
    engine.state.numDataBuffers++;
    setDataId(x, leaf);
    swaps.set(x.id, { x, original, leaf });
  }
}

function swapOut(engine: TfEngine, backend: TorchBackend, swaps: Map<number, Swap>): void {
  for (const { x, original, leaf } of swaps.values()) {
    if (x.dataId === leaf && !x.isDisposed) {
      setDataId(x, original);
      leaf.references--;
    } else {
      release(engine, backend, original); // assigned or disposed inside f: tfjs released the leaf instead
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
  const createGraph = depth > 0; // differentiated by an outer call
  depth++;
  const swaps = new Map<number, Swap>();
  running.push(swaps);
  try {
    swapIn(engine, backend, xs, swaps);
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
        // missing entries mean "no gradient" to tfjs's callers
        return { value: y, grads: grads as tf.Tensor[] } as never;
      } finally {
        if (mixed) native.autocast(true, currentType);
      }
    }) as unknown as Gradients;
  } finally {
    running.pop();
    swapOut(engine, backend, swaps);
    depth--;
    native.gradMode(before, depth);
    if (depth === 0) forgetGraph();
  }
}

function forgetGraph(): void {
  for (const tensor of kept) tensor.dispose();
  kept = [];
  callbacks = [];
  native.detachAll();
}

/** Ends the gradient functions of code that was terminated, which has ended none of them itself. */
export function abandonGradients(): void {
  if (depth === 0) return;
  const engine = tf.engine() as unknown as TfEngine & { backend: TorchBackend };
  for (let swaps = running.pop(); swaps; swaps = running.pop()) swapOut(engine, engine.backend, swaps);
  depth = 0;
  native.gradMode(false, 0);
  forgetGraph();
}

let currentType = 'bfloat16';
/** The precision of autocast, for gradient calls to restore. */
export const setAutocastType = (type: string): void => {
  currentType = type;
};

/** Runs a custom-gradient function as one node of libtorch's graph. */
function runCustom(backend: TorchBackend, call: KernelOrCustom): tf.Tensor {
  const names = Object.keys(call.inputs);
  const inputs = names.map((name) => call.inputs[name]);
  const inputSlots = inputs.map((input) => backend.slotOf(input));
  let saved: tf.Tensor[] = [];
  const save = (tensors: tf.Tensor[]) => {
    saved = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
    kept.push(...saved);
  };
  const before = native.gradMode(false, depth); // its operations are not differentiated
  let value: tf.Tensor;
  try {
    value = tf.tidy(() => call.forwardFunc(backend, save));
  } finally {
    native.gradMode(before, depth);
  }
  const back = (dySlot: number) => {
    let slots: number[] = [];
    tf.tidy(() => {
      const dy = tensorOf(backend, dySlot, [...value.shape]);
      const gradientsByName = call.backwardsFunc(dy, saved); // checks the number of gradients
      slots = names.map((name, k) => {
        if (inputs[k].dtype !== 'float32') return -1;
        const gradient = gradientsByName[name]();
        if (!tf.util.arraysEqual(gradient.shape, inputs[k].shape))
          throw new DetLabError(
            `Cannot use gradient ${k} of a customGrad function: expected the input's shape [${inputs[k].shape}], ` +
              `received [${gradient.shape}]`,
          );
        return kernel.alias(backend.slotOf(gradient));
      });
    });
    return slots;
  };
  const slot = native.custom(backend.slotOf(value), inputSlots, callbacks.push(back) - 1);
  if (slot < 0) return value;
  const result = tf.engine().makeTensorFromTensorInfo(backend.wrap(slot, [...value.shape], value.dtype), backend);
  value.dispose();
  return result;
}

/** Overrides the two methods of tfjs's engine, for this backend only. */
export function installGradients(backendName: string): void {
  const engine = tf.engine() as unknown as TfEngine & { backendName: string; backend: TorchBackend };
  const stock = Object.getPrototypeOf(engine) as TfEngine;
  native.setDispatcher((index, dy) => callbacks[index](dy));
  engine.gradients = (f, xs, dy, allowNoGradients) =>
    engine.backendName === backendName
      ? gradients(engine, engine.backend, f, xs, dy, allowNoGradients)
      : stock.gradients.call(engine, f, xs, dy, allowNoGradients);
  // every call of a tf.customGrad function passes here; otherwise its forward would be differentiated instead
  engine.runKernelFunc = (call) => {
    if (depth === 0 || call.kernelName !== undefined || engine.backendName !== backendName)
      return stock.runKernelFunc.call(engine, call);
    if (TRANSPARENT.has(engine.state.activeScope?.name ?? ''))
      return tf.tidy(() => call.forwardFunc(engine.backend, () => {}));
    return runCustom(engine.backend, call);
  };
}
