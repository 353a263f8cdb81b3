// The loops that a config can name: train_cfg, val_cfg, test_cfg.

import type { AnyDefinition } from '../../catalogue/registry';
import { epochBasedTrainLoopDefinition } from './epoch-based';
import { evaluationLoops } from './evaluation-loops';
import { iterBasedTrainLoopDefinition } from './iter-based';

export const loops = [
  epochBasedTrainLoopDefinition,
  iterBasedTrainLoopDefinition,
  ...evaluationLoops,
] as const satisfies readonly AnyDefinition[];
