// Every hook that a config can name.

import type { AnyDefinition } from '../../catalogue/registry';
import { acceptedHooks } from './accepted-hooks';
import { checkpointHookDefinition } from './checkpoint-hook-options';
import { earlyStoppingHookDefinition } from './early-stopping-hook';
import { emaHookDefinition } from './ema-hook';
import { iterTimerHookDefinition } from './iter-timer-hook';
import { loggerHookDefinition } from './logger-hook';
import { meanTeacherHookDefinition } from './mean-teacher-hook';
import { memoryProfilerHookDefinition } from './memory-profiler-hook';
import { paramSchedulerHookDefinition } from './param-scheduler-hook';
import { pipelineSwitchHookDefinition } from './pipeline-switch-hook';
import { ppyoloeParamSchedulerHookDefinition } from './ppyoloe-param-scheduler-hook';
import { stopDistillHookDefinition } from './stop-distill-hook';
import { yolov5ParamSchedulerHookDefinition } from './yolov5-param-scheduler-hook';
import { mmyoloYOLOXModeSwitchHookDefinition, yoloxModeSwitchHookDefinition } from './yolox-mode-switch-hook';

export const hooks = [
  iterTimerHookDefinition,
  loggerHookDefinition,
  paramSchedulerHookDefinition,
  checkpointHookDefinition,
  ...acceptedHooks,
  emaHookDefinition,
  earlyStoppingHookDefinition,
  meanTeacherHookDefinition,
  memoryProfilerHookDefinition,
  yoloxModeSwitchHookDefinition,
  mmyoloYOLOXModeSwitchHookDefinition,
  pipelineSwitchHookDefinition,
  stopDistillHookDefinition,
  yolov5ParamSchedulerHookDefinition,
  ppyoloeParamSchedulerHookDefinition,
] as const satisfies readonly AnyDefinition[];
