// PyTorch's own start of convolutions, `reset_parameters`: MMYOLO's networks begin with it, in place of mmcv's.

import { Conv2d } from './conv2d';
import { torchDefault, torchDefaultBias } from './initializers';
import type { Module } from './module';

/** Sets the initialiser of every convolution in a module, transposed ones excepted, which start so by themselves. */
export function resetConvolutions(module: Module): void {
  for (const [, part] of module.modules())
    if (part instanceof Conv2d) {
      const [height, width, fanIn] = part.weight.variable.shape; // of one group
      part.weight.initializer = torchDefault;
      if (part.bias) part.bias.initializer = torchDefaultBias(height * width * fanIn);
    }
}
