// What an engine is: a tfjs backend plus the few things TensorFlow.js has no word for.

import type * as tf from '@tensorflow/tfjs';
import type { ProfiledModules } from './profile';
import type { EngineProfile } from './profile-events';

export type EngineName = 'torch' | 'wasm' | 'tensorflow';
/** A floating point type of activations and weights. */
export type Precision = 'float32' | 'bfloat16' | 'float16';

/** Which engine is started, on which device, with how many threads. */
export interface EngineOptions {
  /** Which engine; without it the best one installed. Also `DETLAB_ENGINE`. */
  engine?: EngineName;
  /** `cpu` or `cuda:0`; also `DETLAB_DEVICE`. */
  device?: string;
  /** Number of the GPU that is used where there are GPUs and no device is given: 0 by default. */
  gpu?: number;
  /** CPU threads; also `OMP_NUM_THREADS`. All physical cores by default. */
  threads?: number;
}

export interface SgdOptions {
  lr: number;
  momentum: number;
  weightDecay: number;
  dampening?: number;
  nesterov?: boolean;
}

export interface AdamWOptions {
  lr: number;
  betas?: [number, number];
  epsilon?: number;
  weightDecay?: number;
  /** Number of this step, from 1. */
  step: number;
}

export interface EngineMemory {
  /** Tensors the engine itself holds (torch: slots). */
  slots: number;
  bytesInUse: number;
  bytesPeak: number;
  bytesCached: number;
  /** `memoryLimit`, where one is set. */
  bytesLimit?: number;
}

/** What computes: a backend of TensorFlow.js, with what detection needs besides. */
export interface Engine {
  readonly name: EngineName;
  readonly device: string;
  /** One line for logs: `torch 2.13.0 on cpu, 2 threads, float32, bfloat16`. */
  readonly description: string;
  /** Precisions the engine computes in; `autocast` accepts them. */
  readonly precisions: readonly Precision[];
  /**
   * Precisions `autocast` accepts besides: activations are kept in them and products computed in float32, to the same
   * numbers. Memory is saved, time is not. bfloat16 on processors without instructions for it (x86: AVX512).
   */
  readonly memoryPrecisions: readonly Precision[];
  /**
   * Runs `f` with mixed precision. Inside, convolutions and matrix products compute in `precision` and activations
   * stay in it between layers; a gradient call inside casts its forward only, so backward is right.
   */
  autocast<T>(precision: Precision, f: () => T): T;
  /** One fused SGD step, in place; `buffers[i]` is momentum, created (zero) by the caller. All engines. */
  sgdStep(parameters: tf.Variable[], gradients: tf.Tensor[], buffers: tf.Variable[], options: SgdOptions): void;
  /** One fused AdamW step, in place; moments are created (zero) by the caller. All engines. */
  adamWStep(
    parameters: tf.Variable[],
    gradients: tf.Tensor[],
    firstMoments: tf.Variable[],
    secondMoments: tf.Variable[],
    options: AdamWOptions,
  ): void;
  /** Scales gradients (in place where the engine can) so that their joint L2 norm is at most `maxNorm`; returns the norm before. */
  clipGradNorm(gradients: tf.Tensor[], maxNorm: number): { norm: number; gradients: tf.Tensor[] };
  /** Until the next call: native work of this thread ends at its next allocation, with an error, once the element is not 0. */
  watch?(urgency: Int32Array | undefined): void;
  /**
   * Runs `f` and records what the engine does: each kernel call and, on the torch engine, the operators and backward nodes inside
   * it. `modules` (`detector.modules()`) are the parts that calls are attributed to. On a GPU every call waits for its work.
   *
   * @throws DetLabError while another profile is taken
   * @example const { profile } = await engine().profile(() => tf.matMul(a, b)); profile.events
   */
  profile<T>(f: () => T | Promise<T>, modules?: ProfiledModules): Promise<{ result: T; profile: EngineProfile }>;
  memory(): EngineMemory;
  /**
   * Bytes that tensors and the memory kept of freed ones may take together; undefined (the default): a quarter of the machine's
   * memory may be kept. Beyond the limit freed memory goes back to the system at once, which costs time, not results; what
   * tensors themselves need is never refused. Only the torch engine on a CPU.
   *
   * @throws DetLabError when set to another value than a whole number above 0 or undefined, or on other engines and devices
   * @example engine().memoryLimit = 512 * 2 ** 20; engine().memory().bytesLimit // 536870912
   */
  memoryLimit: number | undefined;
  /** Resets the peak counter of `memory()`. */
  resetPeak(): void;
}
