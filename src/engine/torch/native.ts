// The interface of the native module. A kernel takes slots, numbers and lists and returns the slot of its result; the shape
// of the tensor stored last is in `lastShape`, which saves a call per operation.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DetLabError } from '../../errors';
import { places, SETUP_COMMAND } from '../../paths';

export type NativeArgument = number | boolean | string | readonly number[] | ArrayBufferView;
export type NativeKernel = (...args: NativeArgument[]) => number;

export interface Native {
  readonly torchVersion: string;
  readonly hasCuda: boolean;
  start(device: string, threads: number, cacheLimit: number): void;
  setShapeArray(array: Int32Array): void;
  free(slot: number): void;
  liveSlots(): number;
  /** [in use, peak, cached] bytes. */
  memoryState(): [number, number, number];
  resetPeak(): void;
  /** 0: no limit. */
  memoryLimit(bytes: number): void;
  releaseCache(): void;
  profileStart(): void;
  /** Sets the module of the calls that follow; returns the one before. */
  profileModule(module: number): number;
  /** `events` has six numbers each: name, kind, module, detail, start and end in microseconds; names and details are texts. */
  profileStop(): { texts: string[]; events: Float64Array };
  toData(slot: number): Float32Array | Int32Array | Uint8Array;
  /** Returns whether autocast was enabled. */
  autocast(enabled: boolean, type: string): boolean;
  raise(slot: number): void;
  /** Whether the device computes products in bfloat16; otherwise in float32. */
  computesBfloat16(): boolean;
  physicalType(slot: number): string;
  gradMode(enabled: boolean, depth: number): boolean;
  setDispatcher(dispatcher: (index: number, dy: number) => number[]): void;
  custom(value: number, inputs: readonly number[], index: number): number;
  backward(y: number, dy: number, xs: readonly number[], createGraph: boolean): number[];
  detachAll(): number;
  /** An Int32Array in shared memory, or null. */
  watchUrgency(urgency: Int32Array | null): void;
  prepareFilter(slot: number): boolean;
  topK(x: number, k: number): number[];
  unpack(x: number, axis: number): number[];
  split(x: number, sizes: readonly number[], axis: number): number[];
  detBatchNorm(
    x: number,
    scale: number,
    offset: number,
    residual: number,
    epsilon: number,
    activation: string,
  ): [number, number, number];
  trackStatistics(
    runningMean: number,
    runningVariance: number,
    batches: number,
    mean: number,
    variance: number,
    momentum: number,
    count: number,
  ): void;
  sgdStep(
    parameters: readonly number[],
    gradients: readonly number[],
    buffers: readonly number[],
    lr: number,
    momentum: number,
    weightDecay: number,
    dampening: number,
    nesterov: boolean,
    fresh: readonly number[],
  ): void;
  adamWStep(
    parameters: readonly number[],
    gradients: readonly number[],
    first: readonly number[],
    second: readonly number[],
    lr: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    step: number,
  ): void;
  clipGradNorm(gradients: readonly number[], maxNorm: number): number;
}

/** `[rank, d0, d1, ...]` of the tensor stored last. */
export const lastShape = new Int32Array(16);

/** The loaded module: its functions, and the table of kernels. */
export let native: Native;
export let kernel: Record<string, NativeKernel>;

/** Why the engine cannot be started, or undefined if it is built. */
export function torchMissing(): string | undefined {
  const file = moduleFile();
  if (!existsSync(file)) return `the torch engine is not built. Run \`${SETUP_COMMAND}\``;
  const libtorch = libtorchOf(file);
  if (libtorch === undefined || existsSync(libtorch)) return undefined;
  return `the libtorch that the engine was built with is gone (${libtorch}). Run \`${SETUP_COMMAND}\``;
}

const moduleFile = () => process.env.DETLAB_TORCH_MODULE ?? join(places.buildFolder('torch'), 'detlab_torch.node');

/** The folder of the torch package that a module was built with, where its stamp says so. */
function libtorchOf(file: string): string | undefined {
  try {
    const { folder } = JSON.parse(readFileSync(join(dirname(file), 'stamp.json'), 'utf8'));
    return typeof folder === 'string' ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Loads the module that the set-up builds.
 * @throws DetLabError when it is not built or does not load.
 */
export function loadNative(): Native {
  if (native) return native;
  const file = moduleFile();
  if (!existsSync(file))
    throw new DetLabError(`Cannot start the torch engine: it is not built yet. Run \`${SETUP_COMMAND}\``);
  const loaded: unknown = load(file);
  native = loaded as Native;
  kernel = loaded as Record<string, NativeKernel>;
  native.setShapeArray(lastShape);
  return native;
}

/**
 * Iterations that a libgomp thread spins before it sleeps at the end of a parallel loop. The default (milliseconds) wastes
 * whole time slices if another process, such as a browser, needs the processor: steps then take three times as long.
 */
const SPINS = '10000';

function load(file: string): unknown {
  const holder = { exports: {} };
  if (!process.env.OMP_WAIT_POLICY) process.env.GOMP_SPINCOUNT ??= SPINS; // read when the library loads
  try {
    process.dlopen(holder, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new DetLabError(
      `Cannot start the torch engine: its module does not load (${reason}). Run \`${SETUP_COMMAND}\` to rebuild it`,
    );
  }
  return holder.exports;
}
