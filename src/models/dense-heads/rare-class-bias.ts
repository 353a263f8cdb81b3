// The bias from which a sigmoid starts at a small probability.

import { constant, type Initializer } from '../../nn';

/** -log((1 - p) / p), p = 0.01 (Lin et al., Focal Loss, ICCV 2017). */
export const rareClassBias: Initializer = constant(-Math.log((1 - 0.01) / 0.01));
