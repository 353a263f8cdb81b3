// Frees tensors that no JavaScript refers to any more: TensorFlow.js itself frees only what is disposed, so that every model
// whose variable is assigned anew would stay. Finalizers run between turns of the event loop, when no operation is under
// way; data that another tensor shares is kept by its count of references.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';

/** What is left to free of a tensor; without `dataId` when it was disposed. */
interface Remains {
  dataId: object | undefined;
  dtype: tf.DataType;
  size: number;
  /** Of a variable. */
  name: string | undefined;
}

const REMAINS = Symbol('detlab.remains');
const INSTALLED = Symbol.for('detlab.frees-unreachable-tensors');
type Watched = tf.Tensor & { [REMAINS]?: Remains; name?: string };

interface TfEngine {
  [INSTALLED]?: boolean;
  state: { activeScope?: object | null; registeredVariables: Record<string, tf.Variable> };
  trackTensor(tensor: Watched, backend: unknown): void;
  track(tensor: Watched): Watched;
  keep(tensor: Watched): Watched;
  disposeTensor(tensor: Watched): void;
}

/** TensorFlow.js's table of all variables, which does not keep them from being collected. */
function weakTable(variables: Map<string, WeakRef<tf.Variable>>): Record<string, tf.Variable> {
  const find = (key: string | symbol) => (typeof key === 'string' ? variables.get(key)?.deref() : undefined);
  return new Proxy<Record<string, tf.Variable>>(
    {},
    {
      get: (_, key) => find(key),
      has: (_, key) => find(key) !== undefined,
      set(_, key, variable: tf.Variable) {
        variables.set(String(key), new WeakRef(variable));
        return true;
      },
      deleteProperty: (_, key) => variables.delete(String(key)) || true,
      ownKeys: () => [...variables.keys()].filter((name) => find(name) !== undefined),
      getOwnPropertyDescriptor(_, key) {
        const value = find(key);
        return value && { value, writable: true, enumerable: true, configurable: true };
      },
    },
  );
}

/** Makes TensorFlow.js free what is unreachable; on all backends. Calling it again changes nothing. */
export function freeUnreachableTensors(): void {
  const engine = tf.engine() as unknown as TfEngine;
  if (engine[INSTALLED]) return;
  engine[INSTALLED] = true;
  const variables = new Map<string, WeakRef<tf.Variable>>();
  const table = weakTable(variables);
  Object.assign(table, engine.state.registeredVariables);
  engine.state.registeredVariables = table;

  const finalizers = new FinalizationRegistry<Remains>((remains) => {
    if (remains.dataId === undefined) return;
    const { name } = remains;
    if (name !== undefined && variables.get(name)?.deref() === undefined) variables.delete(name);
    stock.disposeTensor.call(engine, remains as unknown as Watched);
  });
  const watch = (tensor: Watched): void => {
    const known = tensor[REMAINS];
    if (known) {
      known.dataId = tensor.dataId;
      return;
    }
    const { dataId, dtype, size, name } = tensor;
    const remains: Remains = { dataId, dtype, size, name };
    tensor[REMAINS] = remains;
    if (dtype !== 'string') watchedBytes += size * tf.util.bytesPerElement(dtype);
    finalizers.register(tensor, remains);
  };

  // Tensors of a scope are disposed with it: only what outlives all scopes is watched.
  const stock = { ...methodsOf(engine) };
  engine.trackTensor = (tensor, backend) => {
    stock.trackTensor.call(engine, tensor, backend);
    if (tensor instanceof tf.Variable) watch(tensor); // made, or assigned other data
  };
  engine.track = (tensor) => {
    if (!engine.state.activeScope) watch(tensor);
    return stock.track.call(engine, tensor);
  };
  engine.keep = (tensor) => {
    watch(tensor);
    return stock.keep.call(engine, tensor);
  };
  engine.disposeTensor = (tensor) => {
    const remains = tensor[REMAINS];
    if (remains) remains.dataId = undefined;
    stock.disposeTensor.call(engine, tensor);
  };
}

const methodsOf = ({ trackTensor, track, keep, disposeTensor }: TfEngine) => ({
  trackTensor,
  track,
  keep,
  disposeTensor,
});

/** Of all tensors that were watched since the last collection. */
let watchedBytes = 0;
let collectGarbage: (() => void) | undefined;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Has JavaScript collect its garbage now, and frees the tensors that were only part of it. */
export async function collectUnreachable(): Promise<void> {
  if (!collectGarbage) {
    setFlagsFromString('--expose-gc');
    collectGarbage = runInNewContext('gc') as () => void;
  }
  await turn(); // weak references keep what they refer to for the turn that they are made in
  watchedBytes = 0;
  collectGarbage();
  // finalizers are tasks of the event loop
  for (let i = 0; i < 3; i++) await turn();
}

/**
 * Collects if tensors of so many bytes have come to outlive their scopes since the last collection: JavaScript itself does
 * not see what they weigh.
 *
 * @param worthwhile a collection takes about a tenth of a second
 */
export async function collectIfGrown(worthwhile: number): Promise<void> {
  if (watchedBytes >= worthwhile) await collectUnreachable();
}
