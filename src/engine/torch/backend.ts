// tfjs's backend on libtorch: a data id has the slot of its tensor in the native module.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { kernel, lastShape, native } from './native';

/** A data id of this backend. */
export interface TorchData {
  slot: number;
  references: number;
  /** Whether the filter is already in channels_last memory format. */
  filterReady?: boolean;
  /** While a gradient is computed: the data id that this one replaces. */
  source?: TorchData;
}

export const BACKEND = 'torch';
const TYPE_CODES: Partial<Record<tf.DataType, number>> = { float32: 0, int32: 1, bool: 2 };

/** The native module's code of a dtype. */
export function typeCode(dtype: tf.DataType): number {
  const code = TYPE_CODES[dtype];
  if (code === undefined)
    throw new DetLabError(`Cannot store a "${dtype}" tensor on the torch engine: expected float32, int32 or bool`);
  return code;
}

export class TorchBackend extends tf.KernelBackend {
  /** Whether the device has a queue, so that reading a tensor waits: see `readsWait` of ops. */
  queues = false;
  private count = 0;

  /** Wraps a slot just returned by a kernel, whose shape is the one stored last. */
  make(slot: number, dtype: tf.DataType): tf.TensorInfo {
    const rank = lastShape[0];
    const shape = new Array<number>(rank);
    for (let i = 0; i < rank; i++) shape[i] = lastShape[i + 1];
    return this.wrap(slot, shape, dtype);
  }

  wrap(slot: number, shape: number[], dtype: tf.DataType): tf.TensorInfo {
    this.count++;
    const data: TorchData = { slot, references: 1 };
    return { dataId: data, shape, dtype };
  }

  /** Adds a reference to the data of a tensor. */
  share(x: tf.TensorInfo): tf.TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }

  /** The slot of a tensor, after moving it from another backend if necessary. */
  slotOf(x: tf.TensorInfo): number {
    const data = x.dataId as TorchData;
    if (data.slot === undefined) tf.engine().moveData(this, data);
    return data.slot;
  }

  /** Counts a data id that was created manually. */
  adopt(data: TorchData): void {
    this.count += data.references > 0 ? 1 : 0;
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    this.count++;
    return { slot: this.upload(values, shape, dtype), references: 1 } satisfies TorchData;
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.count++;
    Object.assign(dataId, { slot: this.upload(values, shape, dtype), references });
  }

  private upload(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): number {
    const code = typeCode(dtype);
    const given = values as ArrayLike<number> & ArrayBufferView;
    if (dtype === 'float32')
      return kernel.fromData(given instanceof Float32Array ? given : Float32Array.from(given), shape, code);
    if (dtype === 'int32')
      return kernel.fromData(given instanceof Int32Array ? given : Int32Array.from(given), shape, code);
    return kernel.fromData(
      given instanceof Uint8Array && given.constructor === Uint8Array ? given : Uint8Array.from(given),
      shape,
      code,
    );
  }

  override refCount(dataId: tf.DataId): number {
    return (dataId as TorchData).references;
  }

  override incRef(dataId: tf.DataId): void {
    (dataId as TorchData).references++;
  }

  decRef(dataId: tf.DataId): void {
    (dataId as TorchData).references--;
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const data = dataId as TorchData;
    data.references--;
    if (!force && data.references > 0) return false;
    if (data.slot >= 0) {
      native.free(data.slot);
      data.slot = -1;
      this.count--;
    }
    return true;
  }

  override readSync(dataId: tf.DataId): Float32Array | Int32Array | Uint8Array {
    return native.toData((dataId as TorchData).slot);
  }

  override async read(dataId: tf.DataId): Promise<Float32Array | Int32Array | Uint8Array> {
    return this.readSync(dataId);
  }

  override numDataIds(): number {
    return this.count;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<tf.BackendTimingInfo> {
    const start = performance.now();
    f();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}
