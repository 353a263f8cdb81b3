// The interface of the native module. A kernel takes slots, numbers and lists and returns the slot of its result; the shape
// of the tensor stored last is in `lastShape`, which saves a call per operation.

export type NativeArgument =
  | number
  | boolean
  | string
  | readonly number[]
  | ArrayBufferView
  | readonly ArrayBufferView[];
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
  /** Returns the number of threads before. */
  engineThreads(threads: number): number;
  startGroup(
    rank: number,
    size: number,
    file: string,
    host: string,
    port: number,
    serves: boolean,
    prefix: string,
    seconds: number,
    address: string,
    networkInterface: string,
    onGpu: boolean,
  ): void;
  groupStarted(): boolean;
  leaveStart(): void;
  stopGroup(inOrder: boolean): void;
  leaveText(key: string, text: string): void;
  leftText(key: string): string | undefined;
  /** Operations of the group are numbers until they are taken. */
  beginNumbers(values: Float64Array): number;
  takeNumbers(operation: number): Float64Array;
  beginBytes(bytes: Uint8Array): number;
  takeBytes(operation: number): Uint8Array[];
  beginBroadcast(slots: readonly number[]): number;
  takeBroadcast(operation: number): number[];
  waitForRanks(operation: number, milliseconds: number): boolean;
  reduceNextBackward(bucketBytes: number): void;
  beginGradients(gradients: readonly number[], bucketBytes: number, like: readonly number[]): void;
  waitForGradients(milliseconds: number): boolean;
  takeGradients(): number[];
}

/** `[rank, d0, d1, ...]` of the tensor stored last. */
export const lastShape = new Int32Array(16);

/** The loaded module: its functions, and the table of kernels. */
export let native: Native;
export let kernel: Record<string, NativeKernel>;

/** Called once, by load-native.ts. */
export function installNative(loaded: unknown): void {
  native = loaded as Native;
  kernel = loaded as Record<string, NativeKernel>;
  native.setShapeArray(lastShape);
}
