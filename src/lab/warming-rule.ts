// Which rules of a schedule are its warm-up.

import type { ModuleConfig } from '../catalogue/registry';

/** Name of a type without its package: `mmdet.QuadraticWarmupLR`. */
const bare = (type: string) => type.slice(type.lastIndexOf('.') + 1);

/** The first rules of a schedule that raise the rate: from a factor below the last one, or with the square of the step. */
export function warmsUp({
  type,
  begin = 0,
  end,
  factor = 1 / 3,
  start_factor = 1 / 3,
  end_factor = 1,
}: ModuleConfig): boolean {
  if (begin !== 0 || typeof end !== 'number') return false;
  switch (bare(type)) {
    case 'LinearLR':
      return Number(start_factor) < Number(end_factor);
    case 'ConstantLR':
      return Number(factor) < 1;
    default:
      return bare(type) === 'QuadraticWarmupLR';
  }
}
