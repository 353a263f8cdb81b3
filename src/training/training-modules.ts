// The catalogue's share of this folder: every optimizer and learning-rate schedule, and what else a
// config says of a run: loops, hooks, samplers, logs.

import type { AnyDefinition } from '../catalogue/registry';
import { hooks } from './hooks';
import { loops } from './loops';
import { Adam } from './optimizers/adam';
import { AdamW } from './optimizers/adamw';
import { SGD } from './optimizers/sgd';
import { dataSamplers } from './runtime/data-samplers';
import { displays } from './runtime/displays';
import { optimWrappers } from './runtime/optim-wrappers';
import { ConstantLR } from './schedules/constant-lr';
import { CosineAnnealingLR } from './schedules/cosine-annealing-lr';
import { ExponentialLR } from './schedules/exponential-lr';
import { LinearLR } from './schedules/linear-lr';
import { MultiStepLR } from './schedules/multi-step-lr';
import { PolyLR } from './schedules/poly-lr';
import { QuadraticWarmupLR } from './schedules/quadratic-warmup-lr';
import { StepLR } from './schedules/step-lr';

export const trainingModules = [
  SGD,
  Adam,
  AdamW,
  LinearLR,
  MultiStepLR,
  StepLR,
  ConstantLR,
  ExponentialLR,
  PolyLR,
  CosineAnnealingLR,
  QuadraticWarmupLR,
  ...optimWrappers,
  ...loops,
  ...hooks,
  ...dataSamplers,
  ...displays,
] as const satisfies readonly AnyDefinition[];
