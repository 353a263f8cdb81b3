// The process group of this process: libtorch's c10d (Gloo; NCCL for the gradients of GPUs in a build with DETLAB_NCCL=1), as kernels/torch/src/process_group.cpp
// binds it. What is waited for in a forward pass blocks this thread; everything else leaves the event loop its turns.

import { setImmediate as macrotask } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { BACKEND, type TorchBackend } from './backend';
import { native } from './native';

/** Where the ranks meet: a file that all see, or an address that rank 0 (or its launcher) listens on. */
export type MeetingPlace = { file: string } | { host: string; port: number; serves: boolean };

export interface GroupOptions {
  rank: number;
  size: number;
  meeting: MeetingPlace;
  /** Before the names of all that the ranks leave there: of two runs that one launcher has started. */
  prefix?: string;
  /** Seconds after which a rank that does not answer is given up. */
  timeout?: number;
  /** Address of this process's connections; 127.0.0.1 by default. */
  address?: string;
  /** Network interface of this process's connections, instead of an address. */
  networkInterface?: string;
  /** Gives up the meeting when it aborts; this process may then join another group. */
  signal?: AbortSignal;
}

/** Bytes of gradients that are summed together. */
const BUCKET_BYTES = 25 * 2 ** 20;
/** Milliseconds for which the thread waits without a turn of the event loop. */
const TURN_MS = 10;
const POLL_MS = 5;

/** That of torch and mmengine: rank 0 may measure and write for minutes while the others wait. */
const DEFAULT_TIMEOUT = 1800;

let current: ProcessGroup | undefined;

/** What the ranks of a run exchange. All of them must make the same calls in the same order. */
export class ProcessGroup {
  readonly rank: number;
  readonly size: number;
  /** Seconds after which a rank that does not answer is given up. */
  readonly timeout: number;
  /** Called at every turn of a wait; what it throws ends the wait. */
  onWait: () => void = () => {};

  constructor({ rank, size, timeout = DEFAULT_TIMEOUT }: GroupOptions) {
    this.rank = rank;
    this.size = size;
    this.timeout = timeout;
  }

  /** The sums over the ranks of numbers in float64. */
  async sum(values: ArrayLike<number>): Promise<Float64Array> {
    const operation = native.beginNumbers(Float64Array.from(values));
    await this.ended(() => native.waitForRanks(operation, TURN_MS));
    return native.takeNumbers(operation);
  }

  /** The same without a turn of the event loop, inside a forward pass. */
  sumNow(values: ArrayLike<number>): Float64Array {
    return native.takeNumbers(native.beginNumbers(Float64Array.from(values)));
  }

  /** The bytes of every rank, of any lengths. */
  async gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const own = new Float64Array(this.size);
    own[this.rank] = bytes.length;
    const lengths = await this.sum(own);
    const longest = Math.max(...lengths);
    if (longest === 0) return Array.from(lengths, () => new Uint8Array(0));
    const padded = new Uint8Array(longest);
    padded.set(bytes);
    const operation = native.beginBytes(padded);
    await this.ended(() => native.waitForRanks(operation, TURN_MS));
    return native.takeBytes(operation).map((all, rank) => all.subarray(0, lengths[rank]));
  }

  /** The JSON value of every rank. */
  async gatherJson<T>(value: T): Promise<T[]> {
    const all = await this.gather(Buffer.from(JSON.stringify(value ?? null)));
    return all.map((bytes) => JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
  }

  /** Gives the variables the values of rank 0. */
  async broadcast(variables: readonly tf.Variable[]): Promise<void> {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const ofType = variables.filter((variable) => variable.dtype === dtype);
      if (ofType.length === 0) continue;
      const backend = tf.backend() as TorchBackend;
      const operation = native.beginBroadcast(ofType.map((variable) => backend.slotOf(variable)));
      await this.ended(() => native.waitForRanks(operation, TURN_MS));
      for (const [i, slot] of native.takeBroadcast(operation).entries()) {
        const value = tensorOf(backend, slot, ofType[i].shape, dtype);
        if (this.rank !== 0) ofType[i].assign(value);
        value.dispose();
      }
    }
  }

  /** The next backward pass begins to sum its gradients over the ranks as they are computed. */
  reduceNextBackward(): void {
    native.reduceNextBackward(BUCKET_BYTES);
  }

  /** A backward pass that was announced has failed, or was left. */
  forgetBackward(): void {
    native.reduceNextBackward(0);
  }

  /** Begins to sum gradients that are there. */
  beginGradients(gradients: readonly (tf.Tensor | undefined)[], variables: readonly tf.Variable[]): void {
    const backend = tf.backend() as TorchBackend;
    native.beginGradients(
      gradients.map((gradient) => (gradient ? backend.slotOf(gradient) : -1)),
      BUCKET_BYTES,
      variables.map((variable) => backend.slotOf(variable)),
    );
  }

  /** The means over the ranks of what was begun, by variable; undefined where no rank has one. */
  async meanGradients(variables: readonly tf.Variable[]): Promise<(tf.Tensor | undefined)[]> {
    await this.ended(() => native.waitForGradients(TURN_MS));
    const backend = tf.backend() as TorchBackend;
    return native
      .takeGradients()
      .map((slot, i) => (slot < 0 ? undefined : tensorOf(backend, slot, variables[i].shape, 'float32')));
  }

  /** Leaves a text where the ranks met, which lasts longer than the connections. */
  leave(key: string, text: string): void {
    native.leaveText(key, text);
  }

  /** A text that was left there. */
  left(key: string): string | undefined {
    return native.leftText(key);
  }

  /**
   * Ends the connections.
   * @param inOrder false after a failure: they then stay until the process ends, since closing them would wait
   */
  close(inOrder = true): void {
    if (current !== this) return;
    current = undefined;
    native.stopGroup(inOrder);
  }

  private async ended(hasEnded: () => boolean): Promise<void> {
    while (!hasEnded()) {
      this.onWait();
      await macrotask();
    }
  }
}

function tensorOf(backend: TorchBackend, slot: number, shape: readonly number[], dtype: tf.DataType): tf.Tensor {
  return tf.keep(tf.engine().makeTensorFromTensorInfo(backend.wrap(slot, [...shape], dtype), backend));
}

/** Sets the engine's number of CPU threads; returns that before. 0 leaves it as it is. */
export const engineThreads = (threads: number): number =>
  tf.getBackend() === BACKEND && threads > 0 ? native.engineThreads(threads) : 0;

/**
 * Meets the other ranks of a run.
 *
 * @throws DetLabError when the engine has no process groups, or not all ranks have come in time
 */
export async function joinGroup(options: GroupOptions): Promise<ProcessGroup> {
  const { rank, size, meeting, prefix = 'detlab', timeout = DEFAULT_TIMEOUT, signal } = options;
  if (tf.getBackend() !== BACKEND)
    throw new DetLabError(
      `Cannot train in ${size} processes: the engine "${tf.getBackend()}" has none. Use the torch engine (npm run setup)`,
    );
  const { address = '127.0.0.1', networkInterface = '' } = options;
  const tcp = 'host' in meeting ? meeting : { host: '', port: 0, serves: false };
  const file = 'file' in meeting ? meeting.file : '';
  try {
    native.startGroup(
      rank,
      size,
      file,
      tcp.host,
      tcp.port,
      tcp.serves,
      prefix,
      timeout,
      address,
      networkInterface,
      (tf.backend() as TorchBackend).queues,
    );
    while (!native.groupStarted()) {
      if (signal?.aborted) {
        native.leaveStart();
        throw new DetLabError('it was given up');
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } catch (error) {
    const reason = (error as Error).message.replace(/^Cannot run "\w+" on the torch engine: /, '');
    const where = file || `${tcp.host}:${tcp.port}`;
    throw new DetLabError(`Cannot train: rank ${rank} of ${size} did not meet the others at ${where}: ${reason}`);
  }
  current = new ProcessGroup(options);
  return current;
}
