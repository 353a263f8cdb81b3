// Heads of panoptic segmentation: semantic branches, query heads, and what makes segments of their results.

import type { AnyDefinition } from '../../catalogue/registry';
import { panopticFPNHeadDefinition } from './panoptic-fpn-head';
import { heuristicFusionHeadDefinition } from './panoptic-fusion-heads/heuristic-fusion-head';

export const segHeads = [
  panopticFPNHeadDefinition,
  heuristicFusionHeadDefinition,
] as const satisfies readonly AnyDefinition[];
