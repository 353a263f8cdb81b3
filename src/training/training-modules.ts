// The catalogue's share of this folder: every optimizer and learning-rate schedule, and what else a
// config says of a run: loops, hooks, samplers, logs.

import type { AnyDefinition } from '../catalogue/registry';
import { EMAHook } from './hooks/ema-hook';
import { PipelineSwitchHook, YOLOXModeSwitchHook } from './hooks/switch-hooks';
import { YOLOv5ParamSchedulerHook } from './hooks/yolov5-param-scheduler-hook';
import { Adam } from './optimizers/adam';
import { AdamW } from './optimizers/adamw';
import { SGD } from './optimizers/sgd';
import { dataSamplers } from './runtime/data-samplers';
import { displays } from './runtime/displays';
import { hooks } from './runtime/hooks';
import { loops } from './runtime/loops';
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
  EMAHook,
  YOLOXModeSwitchHook,
  PipelineSwitchHook,
  YOLOv5ParamSchedulerHook,
  ...dataSamplers,
  ...displays,
] as const satisfies readonly AnyDefinition[];
