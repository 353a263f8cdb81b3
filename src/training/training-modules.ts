// The catalogue's share of this folder: every optimizer and learning-rate schedule, and what else a
// config says of a run: loops, hooks, samplers, logs.

import type { AnyDefinition } from '../catalogue/registry';
import { hooks } from './hooks';
import { loops } from './loops';
import { Adam } from './optimizers/adam';
import { AdamW } from './optimizers/adamw';
import { SGD } from './optimizers/sgd';
import { visBackends } from './record';
import { dataSamplers } from './runtime/data-samplers';
import { displays } from './runtime/displays';
import { optimWrappers } from './runtime/optim-wrappers';
import { constantSchedules } from './schedules/constant-lr';
import { cosineAnnealingSchedules } from './schedules/cosine-annealing-lr';
import { cosineRestartSchedules } from './schedules/cosine-restart-lr';
import { exponentialSchedules } from './schedules/exponential-lr';
import { linearSchedules } from './schedules/linear-lr';
import { multiStepSchedules } from './schedules/multi-step-lr';
import { oneCycleSchedules } from './schedules/one-cycle-lr';
import { polySchedules } from './schedules/poly-lr';
import { quadraticWarmupSchedules } from './schedules/quadratic-warmup-lr';
import { reduceOnPlateauSchedules } from './schedules/reduce-on-plateau-lr';
import { stepSchedules } from './schedules/step-lr';

export const trainingModules = [
  SGD,
  Adam,
  AdamW,
  ...linearSchedules,
  ...multiStepSchedules,
  ...stepSchedules,
  ...constantSchedules,
  ...exponentialSchedules,
  ...polySchedules,
  ...cosineAnnealingSchedules,
  ...cosineRestartSchedules,
  ...oneCycleSchedules,
  ...reduceOnPlateauSchedules,
  ...quadraticWarmupSchedules,
  ...optimWrappers,
  ...loops,
  ...hooks,
  ...dataSamplers,
  ...displays,
  ...visBackends,
] as const satisfies readonly AnyDefinition[];
