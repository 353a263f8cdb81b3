// `norm_eval` of backbones and stages: while the network trains, its batch norms go on with the statistics they have.

import { BatchNorm2d } from './batch-norm2d';
import type { Module } from './module';

/** Puts every batch norm under `module` into evaluation mode; called where the module has been put into training mode. */
export function evaluateNorms(module: Module): void {
  for (const [, child] of module.modules()) if (child instanceof BatchNorm2d) child.eval();
}
