// Optimizer, learning rate, runner and hooks of 1.x and 2.x as 3.x has them.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, take } from './changes';

export function migrateSchedule(config: ConfigObject, changes: Changes): void {
  const evaluation = take(config, 'evaluation');
  const loop = trainingLoop(config, isObject(evaluation) ? evaluation : {}, changes);
  if (loop) config.train_cfg = loop;
  migrateOptimizer(config, changes);
  migrateLearningRate(config, loop, changes);
  migrateHooks(config, isObject(evaluation) ? evaluation : {}, changes);
}

function trainingLoop(config: ConfigObject, evaluation: ConfigObject, changes: Changes): ConfigObject | undefined {
  const runner = take(config, 'runner');
  const total = take(config, 'total_epochs');
  const interval = evaluation.interval;
  if (runner !== undefined) changes.note('runner', 'train_cfg');
  if (total !== undefined) changes.note('total_epochs', 'train_cfg.max_epochs');
  if (isObject(runner) && runner.max_iters !== undefined)
    return defined({ type: 'IterBasedTrainLoop', max_iters: runner.max_iters, val_interval: interval });
  const epochs = isObject(runner) ? runner.max_epochs : total;
  return epochs === undefined
    ? undefined
    : defined({ type: 'EpochBasedTrainLoop', max_epochs: epochs, val_interval: interval ?? 1 });
}

function migrateOptimizer(config: ConfigObject, changes: Changes): void {
  const given = take(config, 'optimizer');
  const settings = take(config, 'optimizer_config');
  const half = take(config, 'fp16');
  if (!isObject(given) && !isObject(settings) && !isObject(half)) return;
  if (given !== undefined) changes.note('optimizer', 'optim_wrapper.optimizer');
  if (settings !== undefined) changes.note('optimizer_config.grad_clip', 'optim_wrapper.clip_grad');
  if (half !== undefined) changes.note('fp16', 'optim_wrapper (AmpOptimWrapper)');
  const { paramwise_cfg, ...optimizer } = isObject(given) ? given : ({} as ConfigObject);
  const clip = isObject(settings) ? settings.grad_clip : undefined;
  config.optim_wrapper = defined({
    type: isObject(half) ? 'AmpOptimWrapper' : 'OptimWrapper',
    loss_scale: isObject(half) ? half.loss_scale : undefined,
    optimizer: given === undefined ? undefined : optimizer,
    paramwise_cfg,
    clip_grad: clip === null ? undefined : clip,
  });
}

function migrateLearningRate(config: ConfigObject, loop: ConfigObject | undefined, changes: Changes): void {
  const given = take(config, 'lr_config');
  if (!isObject(given)) return;
  changes.note('lr_config', 'param_scheduler');
  const byEpoch = loop?.type !== 'IterBasedTrainLoop' && given.by_epoch !== false;
  const end = byEpoch ? loop?.max_epochs : loop?.max_iters;
  const schedulers: ConfigValue[] = [];
  if (typeof given.warmup === 'string')
    schedulers.push({
      type: given.warmup === 'constant' ? 'ConstantLR' : 'LinearLR',
      [given.warmup === 'constant' ? 'factor' : 'start_factor']: given.warmup_ratio ?? 0.1,
      by_epoch: given.warmup_by_epoch === true,
      begin: 0,
      end: given.warmup_iters ?? 0,
    });
  const scheduler = mainSchedule(given, byEpoch, end);
  if (scheduler) schedulers.push(scheduler);
  else if (given.policy !== 'fixed')
    changes.note(`lr_config.policy ${String(given.policy)}`, 'not translated: write its param_scheduler');
  config.param_scheduler = schedulers;
}

function mainSchedule(given: ConfigObject, byEpoch: boolean, end: ConfigValue | undefined): ConfigObject | undefined {
  const span = { begin: 0, end, by_epoch: byEpoch };
  switch (given.policy) {
    case 'step':
      return Array.isArray(given.step)
        ? defined({ type: 'MultiStepLR', ...span, milestones: given.step, gamma: given.gamma ?? 0.1 })
        : defined({ type: 'StepLR', ...span, step_size: given.step, gamma: given.gamma ?? 0.1 });
    case 'CosineAnnealing':
    case 'CosineRestart':
      return defined({
        type: 'CosineAnnealingLR',
        ...span,
        T_max: end,
        eta_min: given.min_lr,
        eta_min_ratio: given.min_lr_ratio,
      });
    case 'poly':
      return defined({ type: 'PolyLR', ...span, power: given.power ?? 1, eta_min: given.min_lr ?? 0 });
    case 'exp':
      return defined({ type: 'ExponentialLR', ...span, gamma: given.gamma });
  }
  return undefined;
}

function migrateHooks(config: ConfigObject, evaluation: ConfigObject, changes: Changes): void {
  const hooks: ConfigObject = { ...objectAt(config, 'default_hooks') };
  const checkpoint = take(config, 'checkpoint_config');
  if (isObject(checkpoint) || evaluation.save_best !== undefined) {
    if (checkpoint !== undefined) changes.note('checkpoint_config', 'default_hooks.checkpoint');
    hooks.checkpoint = defined({
      type: 'CheckpointHook',
      interval: 1,
      ...(isObject(checkpoint) ? checkpoint : {}),
      save_best: evaluation.save_best,
    });
  }
  const log = take(config, 'log_config');
  if (isObject(log)) {
    changes.note('log_config', 'default_hooks.logger');
    hooks.logger = defined({ type: 'LoggerHook', interval: log.interval ?? 50 });
  }
  if (Object.keys(hooks).length) config.default_hooks = hooks;
  const environment = defined({
    cudnn_benchmark: take(config, 'cudnn_benchmark'),
    dist_cfg: take(config, 'dist_params'),
  });
  if (Object.keys(environment).length) {
    changes.note('cudnn_benchmark, dist_params', 'env_cfg');
    config.env_cfg = { ...objectAt(config, 'env_cfg'), ...environment };
  }
  for (const key of ['workflow', 'mp_start_method', 'opencv_num_threads', 'gpu_ids', 'auto_scale_lr_config'])
    if (take(config, key) !== undefined) changes.note(key, 'nothing: 3.x has no use for it');
  const resume = take(config, 'resume_from');
  if (resume === undefined) return;
  changes.note('resume_from', 'load_from with resume: true');
  if (resume !== null) Object.assign(config, { load_from: resume, resume: true });
}
