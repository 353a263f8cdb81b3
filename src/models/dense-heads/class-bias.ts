// The bias from which a sigmoid starts at a small probability.

import { constant, type Initializer } from '../../nn';

/** log(p / (1 - p)), p = 0.01 (Lin et al., Focal Loss, 2017). */
export const rareClass: Initializer = constant(-Math.log((1 - 0.01) / 0.01));
