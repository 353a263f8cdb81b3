// `norm_eval` of backbones and stages: batch norms keep their running statistics during training.

import { BatchNorm2d } from './batch-norm2d';
import type { Module } from './module';

/** Sets the batch norms of `module` to evaluation mode, after the module was set to training mode. */
export function evaluateNorms(module: Module): void {
  for (const [, child] of module.modules()) if (child instanceof BatchNorm2d && !child.keepsTraining) child.eval();
}
