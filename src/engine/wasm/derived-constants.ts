// Tensors that are made of weights alone, kept from one call to the next: a batch norm folded into a filter, a transposed matrix.
// XNNPACK packs the weights of a product by the identity of their data, so that a tensor which is made anew for every call is
// packed for every call too, which takes a fifth of the time of a detector.

import * as tf from '@tensorflow/tfjs';
import { recordsGradients } from '../records-gradients';

type DataId = object;

interface Constant {
  sources: DataId[];
  result?: tf.TensorInfo;
}

/** What tfjs's backend and engine have for data that several tensors share. */
interface CountedData {
  incRef(dataId: DataId): void;
  disposeData(dataId: DataId, force?: boolean): boolean;
}
interface DataTable {
  removeDataId(dataId: DataId, backend: unknown): void;
}

export class DerivedConstants {
  /** By each of their sources. */
  private readonly constants = new WeakMap<DataId, Map<string, Constant>>();
  private readonly dispose: CountedData['disposeData'];

  /** Frees a constant with the first of its sources. */
  constructor(private readonly backend: CountedData) {
    this.dispose = backend.disposeData.bind(backend);
    backend.disposeData = (dataId, force) => {
      const isFreed = this.dispose(dataId, force);
      if (isFreed) this.forget(dataId);
      return isFreed;
    };
  }

  /**
   * The result of `make` on the same data; a tensor of its own, which is disposed of like any other. It is kept when the first
   * source is a variable outside of training, or met for the second time: training changes weights with every step.
   *
   * @param name of the operation, with its attributes
   */
  of(name: string, sources: readonly tf.TensorInfo[], make: () => tf.TensorInfo): tf.TensorInfo {
    const ids = sources.map(({ dataId }) => dataId as DataId);
    const key = `${name} ${sources.map(({ shape }) => shape.join()).join(' ')}`;
    const known = this.constants.get(ids[0])?.get(key);
    if (!known?.sources.every((id, i) => id === ids[i])) {
      if (known) this.release(known);
      const constant: Constant = { sources: ids };
      for (const id of ids) this.tableOf(id).set(key, constant);
      return sources[0] instanceof tf.Variable && !recordsGradients() ? this.kept(constant, make) : make();
    }
    return this.kept(known, make);
  }

  private kept(constant: Constant, make: () => tf.TensorInfo): tf.TensorInfo {
    constant.result ??= make();
    this.backend.incRef(constant.result.dataId as DataId);
    return { ...constant.result };
  }

  private tableOf(id: DataId): Map<string, Constant> {
    let table = this.constants.get(id);
    if (!table) this.constants.set(id, (table = new Map()));
    return table;
  }

  private forget(id: DataId): void {
    const table = this.constants.get(id);
    if (!table) return;
    this.constants.delete(id);
    for (const constant of table.values()) this.release(constant);
  }

  private release(constant: Constant): void {
    const { result } = constant;
    constant.result = undefined;
    constant.sources = [];
    if (result && this.dispose(result.dataId as DataId))
      (tf.engine() as unknown as DataTable).removeDataId(result.dataId as DataId, this.backend);
  }
}
