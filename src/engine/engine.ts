// The interface of engines: a tfjs backend, plus what TensorFlow.js lacks.

import type * as tf from '@tensorflow/tfjs';

export type EngineName = 'torch' | 'wasm' | 'tensorflow';
export type Precision = 'float32' | 'bfloat16' | 'float16';

export interface EngineOptions {
  /** Default: the best engine installed. Also `DETLAB_ENGINE`. */
  engine?: EngineName;
  /** `cpu` or `cuda:0`; also `DETLAB_DEVICE`. */
  device?: string;
  /** CPU threads; default: all physical cores. */
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
  /** Tensors held by the engine (torch: slots). */
  slots: number;
  bytesInUse: number;
  bytesPeak: number;
  bytesCached: number;
}

export interface Engine {
  readonly name: EngineName;
  readonly device: string;
  /** One line for logs: `torch 2.13.0 on cpu, 2 threads, float32, bfloat16`. */
  readonly description: string;
  /** Precisions in which the engine computes; accepted by `autocast`. */
  readonly precisions: readonly Precision[];
  /**
   * Further precisions that `autocast` accepts: activations are stored in them and products computed in float32, with the
   * same values. This saves memory, not time. bfloat16 on processors without instructions for it (x86: AVX512).
   */
  readonly memoryPrecisions: readonly Precision[];
  /**
   * Runs `f` with mixed precision. Inside, convolutions and matrix products compute in `precision` and activations stay in
   * it between layers; a gradient call inside casts only its forward pass, as PyTorch's autocast.
   */
  autocast<T>(precision: Precision, f: () => T): T;
  /** A fused in-place SGD step; `buffers[i]` is the momentum, initialised with zeros by the caller. */
  sgdStep(parameters: tf.Variable[], gradients: tf.Tensor[], buffers: tf.Variable[], options: SgdOptions): void;
  /** A fused in-place AdamW step; moments are initialised with zeros by the caller. */
  adamWStep(
    parameters: tf.Variable[],
    gradients: tf.Tensor[],
    firstMoments: tf.Variable[],
    secondMoments: tf.Variable[],
    options: AdamWOptions,
  ): void;
  /** Scales gradients (in place if the engine can) to a total L2 norm of at most `maxNorm`; returns the norm before. */
  clipGradNorm(gradients: tf.Tensor[], maxNorm: number): { norm: number; gradients: tf.Tensor[] };
  memory(): EngineMemory;
  /** Resets the peak counter of `memory()`. */
  resetPeak(): void;
}
