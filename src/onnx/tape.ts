// What a network computes, as a list of kernel calls. The network runs once on example inputs; every kernel that TensorFlow.js
// runs is recorded with the tensors that it reads and writes. What does not depend on an input is a constant with its values.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { watchComposites } from '../ops/composite';
import { isExact } from '../ops/exactly';

export interface Step {
  kernel: string;
  /** Ids of tensors by name; a list of tensors is 0, 1, 2, ... */
  inputs: Readonly<Record<string, number>>;
  // biome-ignore lint/suspicious/noExplicitAny: the attributes of kernels differ
  attrs: Readonly<Record<string, any>>;
  outputs: readonly number[];
  /** In single precision whatever that of the graph. */
  exact: boolean;
}

export interface TapeTensor {
  shape: readonly number[];
  dtype: tf.DataType;
  /** Of constants. */
  values?: ArrayLike<number>;
  /** Of parameters: their path in the model. */
  name?: string;
}

export interface Tape {
  steps: readonly Step[];
  /** By id. */
  tensors: ReadonlyMap<number, TapeTensor>;
  inputs: readonly number[];
  outputs: readonly number[];
}

/** Paths of parameters by the id of their variable. */
export type ParameterNames = ReadonlyMap<number, string>;

/** Constants that were read, by id: tapes of one network at several sizes share its weights. */
const readValues = new WeakMap<ParameterNames, Map<number, ArrayLike<number>>>();

class Recording {
  readonly steps: Step[] = [];
  readonly tensors = new Map<number, TapeTensor>();
  /** Data of what depends on an input. */
  readonly computed = new WeakSet<object>();
  private readonly dynamic = new Set<number>();
  /** Depth of composites, whose kernels are not recorded. */
  depth = 0;

  private readonly read: Map<number, ArrayLike<number>>;

  constructor(private readonly names: ParameterNames) {
    this.read = readValues.get(names) ?? new Map();
    readValues.set(names, this.read);
  }

  add(tensor: tf.Tensor): void {
    this.dynamic.add(tensor.id);
    this.computed.add(tensor.dataId);
    this.tensors.set(tensor.id, { shape: [...tensor.shape], dtype: tensor.dtype });
  }

  isComputed(tensor: tf.Tensor): boolean {
    return this.dynamic.has(tensor.id);
  }

  /** Its id; a tensor that is seen first is a constant, whose values are read at once, as it may be disposed of later. */
  idOf(tensor: tf.Tensor): number {
    if (!this.tensors.has(tensor.id))
      this.tensors.set(tensor.id, {
        shape: [...tensor.shape],
        dtype: tensor.dtype,
        values: this.valuesOf(tensor),
        name: this.names.get(tensor.id),
      });
    return tensor.id;
  }

  private valuesOf(tensor: tf.Tensor): ArrayLike<number> {
    let values = this.read.get(tensor.id);
    if (!values) this.read.set(tensor.id, (values = tensor.dataSync<'float32'>()));
    return values;
  }

  record(kernel: string, inputs: Readonly<Record<string, unknown>>, attrs: Step['attrs'], outputs: tf.Tensor[]): void {
    const given = Object.entries(inputs).filter((pair): pair is [string, tf.Tensor] => pair[1] instanceof tf.Tensor);
    if (!given.some(([, tensor]) => this.isComputed(tensor))) return;
    const ids = Object.fromEntries(given.map(([key, tensor]) => [key, this.idOf(tensor)]));
    for (const output of outputs) this.add(output);
    this.steps.push({ kernel, inputs: ids, attrs, outputs: outputs.map(({ id }) => id), exact: isExact() });
  }
}

/**
 * Runs `forward` and records it. Tensors that it returns are the outputs of the tape, in order; nothing it makes is kept.
 *
 * @throws DetLabError when it reads the values of what depends on the inputs: what it computes by them would not be recorded
 */
export function recordTape(
  inputs: readonly tf.Tensor[],
  forward: () => readonly tf.Tensor[],
  names: ParameterNames,
): Tape {
  const engine = tf.engine();
  const recording = new Recording(names);
  for (const input of inputs) recording.add(input);
  const { runKernel, readSync } = engine;
  const listed = (result: unknown) => (Array.isArray(result) ? result : [result]) as tf.Tensor[];
  engine.runKernel = function run(this: typeof engine, name: string, given: unknown, attrs?: unknown) {
    const result = runKernel.call(this, name, given as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
    if (recording.depth === 0)
      recording.record(name, given as Record<string, unknown>, { ...(attrs as Step['attrs']) }, listed(result));
    return result;
  } as typeof runKernel;
  engine.readSync = function read(this: typeof engine, dataId: object) {
    if (recording.depth === 0 && recording.computed.has(dataId))
      throw new DetLabError(
        'it reads values of the network while it runs, and computes with them outside of the engine',
      );
    return readSync.call(this, dataId);
  } as typeof readSync;
  const before = watchComposites(({ name, inputs: given, attrs }, compute) => {
    recording.depth++;
    try {
      const result = compute();
      recording.depth--;
      if (recording.depth === 0) recording.record(name, given, attrs, [result]);
      recording.depth++;
      return result;
    } finally {
      recording.depth--;
    }
  });
  try {
    let outputs: number[] = [];
    tf.tidy(() => {
      outputs = forward().map((tensor) => recording.idOf(tensor));
    });
    return { steps: recording.steps, tensors: recording.tensors, inputs: inputs.map(({ id }) => id), outputs };
  } finally {
    engine.runKernel = runKernel;
    engine.readSync = readSync;
    watchComposites(before);
  }
}
