// The losses of a first stage beside those of a second.

import type { Losses } from '../types';

/**
 * Losses of a first stage under names of their own, as MMDetection has them: `loss_cls` of an FCOSHead is
 * `rpn_loss_cls`.
 */
export function firstStageNames(losses: Losses): Losses {
  return Object.fromEntries(
    Object.entries(losses).map(([name, value]) => [
      name.includes('loss') && !name.includes('rpn') ? `rpn_${name}` : name,
      value,
    ]),
  );
}
