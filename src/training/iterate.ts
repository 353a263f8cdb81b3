// One iteration of training: a batch's losses, their gradients, and the update.

import type { PackedSample } from '../data/types';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import type { Random } from '../random';
import { pass } from './gradients';
import type { OptimWrapper } from './optim-wrapper';

/**
 * @throws DetLabError naming the loss, the images and the learning rate when a loss or gradient is not finite; the weights
 *   are as they were
 */
export function iterate(
  detector: Detector,
  wrapper: OptimWrapper,
  random: Random,
  at: { epoch: number; iteration: number; step: number; lr: number; samples: PackedSample[] },
): { scalars: Record<string, number>; gradNorm?: number } {
  const where = () =>
    `at epoch ${at.epoch}, iteration ${at.iteration}, learning rate ${at.lr}, images ` +
    `${at.samples.map((s) => `"${s.meta.imgPath}"`).join(', ')}. ` +
    `Lower the learning rate, lengthen the warm-up or clip gradients (clip_grad: { max_norm: 10 }), and look at these images`;
  const batch = detector.preprocess(at.samples, at.step);
  try {
    const { precision } = wrapper;
    const context = { random, epoch: at.epoch - 1, iteration: at.step };
    const { scalars, gradients } = pass(detector, batch, wrapper.variables, context, {
      precision,
      factor: wrapper.lossFactor(),
    });
    const bad = Object.entries(scalars).filter(([name, v]) => name.includes('loss') && !Number.isFinite(v));
    if (bad.length > 0) {
      for (const gradient of gradients) gradient?.dispose();
      // the sum is named only when no part is to blame
      const named = bad.length > 1 ? bad.filter(([name]) => name !== 'loss') : bad;
      throw new DetLabError(
        `Cannot go on training: ${named.map(([name, v]) => `${name} is ${v}`).join(', ')} ${where()}`,
      );
    }
    try {
      return { scalars, gradNorm: wrapper.update(gradients).gradNorm };
    } catch (error) {
      throw error instanceof DetLabError
        ? new DetLabError(`Cannot go on training: ${error.message} ${where()}`)
        : error;
    }
  } finally {
    batch.inputs.dispose();
  }
}
