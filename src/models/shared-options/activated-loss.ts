// The loss of a head that predicts probabilities, not logits.

import { type ModuleConfig, moduleOption } from '../../catalogue/registry';

/** @param loss the default */
export const activatedLoss = (loss: ModuleConfig) =>
  moduleOption('loss')
    .refine(({ activated }) => activated === true, {
      error: 'must have activated: true, the head predicts probabilities',
    })
    .default(loss);
