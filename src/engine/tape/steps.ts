// Optimizer steps in tensor operations, for engines without fused kernels.

import * as tf from '@tensorflow/tfjs';
import type { AdamWOptions, SgdOptions } from '../engine';

/** torch.optim.SGD's step: weight decay, momentum (the first step's momentum is the gradient), dampening, Nesterov. */
export function sgdStep(
  parameters: tf.Variable[],
  gradients: tf.Tensor[],
  buffers: tf.Variable[],
  { lr, momentum, weightDecay, dampening = 0, nesterov = false }: SgdOptions,
): void {
  tf.tidy(() => {
    parameters.forEach((parameter, i) => {
      const decayed = weightDecay === 0 ? gradients[i] : tf.add(gradients[i], tf.mul(parameter, weightDecay));
      let step = decayed;
      if (momentum !== 0) {
        // only dampening distinguishes the first step, so the buffer is read only then
        const first = dampening !== 0 && tf.max(tf.abs(buffers[i])).dataSync()[0] === 0;
        const fresh = dampening === 0 || first ? decayed : tf.mul(decayed, 1 - dampening);
        buffers[i].assign(tf.add(tf.mul(buffers[i], momentum), fresh));
        step = nesterov ? tf.add(decayed, tf.mul(buffers[i], momentum)) : buffers[i];
      }
      parameter.assign(tf.sub(parameter, tf.mul(step, lr)));
    });
  });
}

/** torch.optim.AdamW's step: weights decay by lr * weightDecay, then move by -lr * first / sqrt(second), bias-corrected. */
export function adamWStep(
  parameters: tf.Variable[],
  gradients: tf.Tensor[],
  firstMoments: tf.Variable[],
  secondMoments: tf.Variable[],
  { lr, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, step }: AdamWOptions,
): void {
  const [beta1, beta2] = betas;
  tf.tidy(() => {
    parameters.forEach((parameter, i) => {
      const [gradient, first, second] = [gradients[i], firstMoments[i], secondMoments[i]];
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
      const divisor = tf.add(tf.div(tf.sqrt(second), Math.sqrt(1 - beta2 ** step)), epsilon);
      const shift = tf.mul(tf.div(first, divisor), lr / (1 - beta1 ** step));
      parameter.assign(tf.sub(tf.mul(parameter, 1 - lr * weightDecay), shift));
    });
  });
}

/**
 * torch.nn.utils.clip_grad_norm_: if the total L2 norm exceeds `maxNorm`, returns scaled copies (the caller keeps the
 * originals); otherwise the same tensors.
 */
export function clipGradNorm(gradients: tf.Tensor[], maxNorm: number): { norm: number; gradients: tf.Tensor[] } {
  const norm = tf.tidy(() => {
    if (gradients.length === 0) return 0;
    const squares = tf.stack(gradients.map((g) => tf.sum(tf.square(g)))).dataSync<'float32'>();
    return Math.sqrt(squares.reduce((total: number, square: number) => total + square, 0));
  });
  const scale = maxNorm / (norm + 1e-6);
  if (scale >= 1) return { norm, gradients };
  return { norm, gradients: gradients.map((g) => tf.mul(g, scale)) };
}
