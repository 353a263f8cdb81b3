// MMYOLO's `switch_to_deploy`: every re-parameterised block of a model becomes the one convolution that it is in evaluation.

import type { Module } from '../../nn/module';
import { RepVGGBlock } from './rep-vgg-block';

/**
 * Changes the model in place; it predicts what it did, and its state dict has the names of MMYOLO's deployed models. It can no
 * longer be trained as before.
 *
 * @example switchToDeploy(model)
 */
export function switchToDeploy<M extends Module>(model: M): M {
  for (const [, part] of [...model.modules()]) if (part instanceof RepVGGBlock) part.switchToDeploy();
  return model;
}
