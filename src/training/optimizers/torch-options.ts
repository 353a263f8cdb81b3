// Options of torch's optimizers that say how the same step is computed.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';

const how = ignoredOption('the engine steps all parameters together', { harmless: [false, true] });

export const torchOptions = {
  foreach: how,
  fused: how,
  differentiable: z.literal(false).default(false).describe('Only false'),
  maximize: z.literal(false).default(false).describe('Only false: the loss is minimised'),
};

export const torchAdamOptions = { ...torchOptions, capturable: how };
