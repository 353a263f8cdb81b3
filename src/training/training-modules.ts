// The catalogue's share of this folder: every optimizer and every learning-rate schedule.

import type { AnyDefinition } from '../registry';
import { Adam } from './optimizers/adam';
import { AdamW } from './optimizers/adamw';
import { SGD } from './optimizers/sgd';
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
] as const satisfies readonly AnyDefinition[];
