// Fused in-place optimizer steps and gradient clipping over all parameters.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { AdamWOptions, SgdOptions } from '../engine';
import type { TorchBackend, TorchData } from './backend';
import { kernel, native } from './native';

/** Momentum buffers after their first step, in which torch does not apply dampening. */
const started = new WeakSet<tf.Variable>();

/** The variable's slot, copied first if another tensor (a clone) shares the data. */
export function exclusiveSlot(backend: TorchBackend, variable: tf.Variable): number {
  backend.slotOf(variable);
  if ((variable.dataId as TorchData).references > 1) {
    const copy = tf
      .engine()
      .makeTensorFromTensorInfo(backend.make(kernel.copy(backend.slotOf(variable)), variable.dtype), backend);
    variable.assign(copy);
    copy.dispose();
  }
  return backend.slotOf(variable);
}

function requireLength(what: string, expected: number, received: number): void {
  if (expected !== received)
    throw new DetLabError(`Cannot step the optimizer: expected ${expected} ${what}, received ${received}`);
}

export function sgdStep(
  backend: TorchBackend,
  parameters: tf.Variable[],
  gradients: tf.Tensor[],
  buffers: tf.Variable[],
  options: SgdOptions,
): void {
  const { lr, momentum, weightDecay, dampening = 0, nesterov = false } = options;
  if (nesterov && (momentum <= 0 || dampening !== 0))
    throw new DetLabError(
      `Cannot use Nesterov momentum: expected momentum > 0 and dampening 0, received ${momentum} and ${dampening}`,
    );
  requireLength('gradients', parameters.length, gradients.length);
  if (momentum !== 0) requireLength('momentum buffers', parameters.length, buffers.length);
  const used = momentum === 0 ? [] : buffers;
  native.sgdStep(
    parameters.map((p) => exclusiveSlot(backend, p)),
    gradients.map((g) => backend.slotOf(g)),
    used.map((b) => exclusiveSlot(backend, b)),
    lr,
    momentum,
    weightDecay,
    dampening,
    nesterov,
    used.map((b) => (started.has(b) ? 0 : 1)),
  );
  for (const buffer of used) started.add(buffer);
}

export function adamWStep(
  backend: TorchBackend,
  parameters: tf.Variable[],
  gradients: tf.Tensor[],
  firstMoments: tf.Variable[],
  secondMoments: tf.Variable[],
  { lr, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, step }: AdamWOptions,
): void {
  requireLength('gradients', parameters.length, gradients.length);
  requireLength('first moments', parameters.length, firstMoments.length);
  requireLength('second moments', parameters.length, secondMoments.length);
  native.adamWStep(
    parameters.map((p) => exclusiveSlot(backend, p)),
    gradients.map((g) => backend.slotOf(g)),
    firstMoments.map((m) => exclusiveSlot(backend, m)),
    secondMoments.map((m) => exclusiveSlot(backend, m)),
    lr,
    ...betas,
    epsilon,
    weightDecay,
    step,
  );
}

/** torch.nn.utils.clip_grad_norm_: scales in place by max_norm / (norm + 1e-6) if that is below 1. */
export function clipGradNorm(
  backend: TorchBackend,
  gradients: tf.Tensor[],
  maxNorm: number,
): { norm: number; gradients: tf.Tensor[] } {
  return {
    norm: native.clipGradNorm(
      gradients.map((g) => backend.slotOf(g)),
      maxNorm,
    ),
    gradients,
  };
}
