// The initialisation of a dense head: its init_cfg, after which the offsets of deformable convolutions start at 0 again
// (MMDetection's BaseDenseHead).

import { applyInitCfg, Conv2d, type InitCfg, type Module } from '../../nn';
import { zeros } from '../../nn/initializers';

export function initializeDenseHead(head: Module, config: InitCfg | InitCfg[] | null | undefined): void {
  applyInitCfg(head, config);
  for (const [path, part] of head.modules()) {
    if (!path.endsWith('.conv_offset') || !(part instanceof Conv2d)) continue;
    part.weight.initializer = zeros;
    if (part.bias) part.bias.initializer = zeros;
  }
}
