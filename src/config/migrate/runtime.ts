// Translates checkpoints, logging, hooks and environment of 1.x and 2.x to 3.x.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, objectsIn, take, takeObject } from './changes';
import { bestMetric } from './evaluator';

/** Keys without effect in 3.x. */
const IDLE = ['gpu_ids', 'gpus', 'device', 'device_ids', 'log_file', 'total_iters', 'file_client_args'];

export function migrateRuntime(config: ConfigObject, evaluation: ConfigObject, changes: Changes): void {
  migrateCheckpoints(config, evaluation, changes);
  migrateLogs(config, changes);
  migrateHooks(config, changes);
  migrateEnvironment(config, changes);
  migrateStart(config, changes);
}

const CHECKPOINT = ['interval', 'by_epoch', 'save_optimizer', 'max_keep_ckpts', 'save_last', 'out_dir', '_delete_'];
const CHECKPOINT_IDLE = ['type', 'create_symlink', 'meta', 'sync_buffer', 'file_client_args'];

function migrateCheckpoints(config: ConfigObject, evaluation: ConfigObject, changes: Changes): void {
  const given = takeObject(config, 'checkpoint_config', changes);
  const { save_best: best, rule } = evaluation;
  if (given !== undefined) changes.note('checkpoint_config', 'default_hooks.checkpoint');
  if (best !== undefined) changes.note('evaluation.save_best', 'default_hooks.checkpoint.save_best');
  if (!given && best === undefined) return;
  const options = given ?? {};
  changes.unknownKeys(options, [...CHECKPOINT, ...CHECKPOINT_IDLE], 'checkpoint_config');
  changes.idle(options, CHECKPOINT_IDLE, 'checkpoint_config');
  const kept = Object.fromEntries(
    CHECKPOINT.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  );
  delete kept._delete_;
  const base = objectAt(objectAt(config, 'default_hooks') ?? {}, 'checkpoint');
  const iterations = objectAt(config, 'train_cfg')?.max_iters !== undefined;
  setHook(config, 'checkpoint', {
    ...(base ?? { type: 'CheckpointHook', interval: 1 }),
    ...(iterations ? { by_epoch: false } : {}),
    ...kept,
    ...defined({ save_best: best === false ? undefined : bestMetric(best, config.val_evaluator), rule }),
  });
}

function setHook(config: ConfigObject, name: string, hook: ConfigObject): void {
  config.default_hooks = { ...objectAt(config, 'default_hooks'), [name]: hook };
}

/** Logger hooks and their visualizer backends in 3.x. */
const BACKENDS: Readonly<Record<string, string>> = {
  TensorboardLoggerHook: 'TensorboardVisBackend',
  WandbLoggerHook: 'WandbVisBackend',
  MMDetWandbHook: 'WandbVisBackend',
  MlflowLoggerHook: 'MLflowVisBackend',
  ClearMLLoggerHook: 'ClearMLVisBackend',
  NeptuneLoggerHook: 'NeptuneVisBackend',
  DvcliveLoggerHook: 'DVCLiveVisBackend',
};

function migrateLogs(config: ConfigObject, changes: Changes): void {
  const log = takeObject(config, 'log_config', changes);
  if (!log) return;
  changes.note('log_config', 'default_hooks.logger');
  changes.unknownKeys(log, ['interval', 'hooks', '_delete_'], 'log_config');
  const base = objectAt(objectAt(config, 'default_hooks') ?? {}, 'logger');
  setHook(config, 'logger', { ...(base ?? { type: 'LoggerHook' }), interval: log.interval ?? base?.interval ?? 50 });
  const backends: ConfigObject[] = [];
  for (const [i, hook] of objectsIn(log.hooks).entries()) {
    const { type, init_kwargs: options, project, experiment_name: run, by_epoch: _, interval: __, ...others } = hook;
    const name = String(type);
    const path = `log_config.hooks[${i}]`;
    if (name === 'TextLoggerHook') continue;
    if (!Object.hasOwn(BACKENDS, name)) {
      changes.leave(path, `${name} has no counterpart in 3.x`);
      continue;
    }
    changes.note(`${path} ${name}`, `visualizer.vis_backends (${BACKENDS[name]})`);
    for (const key of Object.keys(others)) changes.leave(`${path}.${key}`, `${BACKENDS[name]} has no such option`);
    const given = options ?? (project === undefined && run === undefined ? undefined : defined({ project, name: run }));
    backends.push(defined({ type: BACKENDS[name], init_kwargs: given }));
  }
  if (backends.length > 0)
    config.visualizer = {
      type: 'DetLocalVisualizer',
      vis_backends: [{ type: 'LocalVisBackend' }, ...backends],
      name: 'visualizer',
    };
}

function migrateHooks(config: ConfigObject, changes: Changes): void {
  if (!Array.isArray(config.custom_hooks)) return;
  const hooks = config.custom_hooks.flatMap((hook, i): ConfigValue[] =>
    isObject(hook) ? migrateHook(hook, `custom_hooks[${i}]`, changes) : [hook],
  );
  if (hooks.length > 0) config.custom_hooks = hooks;
  else delete config.custom_hooks;
}

function migrateHook({ type, ...options }: ConfigObject, path: string, changes: Changes): ConfigObject[] {
  const note = (to: string) => changes.note(`${path} ${type}`, to);
  switch (type) {
    case 'NumClassCheckHook':
      note('dropped: numbers of classes are checked when the model is built');
      return [];
    case 'ExpMomentumEMAHook':
    case 'LinearMomentumEMAHook': {
      note('EMAHook');
      const { resume_from: _, total_iter: gamma, ...rest } = options;
      return [defined({ type: 'EMAHook', ema_type: type.replace('Hook', ''), update_buffers: true, gamma, ...rest })];
    }
    case 'SyncNormHook': {
      const { num_last_epochs: _, interval: __, ...rest } = options;
      note('SyncNormHook, before every evaluation');
      return [{ type, ...rest }];
    }
    case 'Fp16OptimizerHook':
      changes.leave(path, "set optim_wrapper.type to 'AmpOptimWrapper' instead");
      return [];
    case 'MMDetWandbHook':
    case 'WandbLoggerHook':
      changes.leave(path, "add dict(type='WandbVisBackend') to visualizer.vis_backends instead");
      return [];
  }
  return [{ type: type ?? null, ...options }];
}

function migrateEnvironment(config: ConfigObject, changes: Changes): void {
  const multiprocessing = defined({
    mp_start_method: take(config, 'mp_start_method'),
    opencv_num_threads: take(config, 'opencv_num_threads'),
  });
  const given: [string, string, ConfigValue | undefined][] = [
    ['cudnn_benchmark', 'env_cfg.cudnn_benchmark', take(config, 'cudnn_benchmark')],
    [
      'mp_start_method, opencv_num_threads',
      'env_cfg.mp_cfg',
      Object.keys(multiprocessing).length > 0 ? multiprocessing : undefined,
    ],
    ['dist_params', 'env_cfg.dist_cfg', take(config, 'dist_params')],
  ];
  for (const [from, to, value] of given) {
    if (value === undefined) continue;
    changes.note(from, to);
    config.env_cfg = { ...objectAt(config, 'env_cfg'), [to.replace('env_cfg.', '')]: value };
  }
  const { seed, deterministic } = config;
  if (seed === undefined && deterministic === undefined) return;
  changes.note('seed, deterministic', 'randomness');
  delete config.seed;
  delete config.deterministic;
  config.randomness = defined({ seed: seed ?? undefined, deterministic });
}

/** Initial weights and resuming, and keys without a counterpart. */
function migrateStart(config: ConfigObject, changes: Changes): void {
  const { workflow } = config;
  delete config.workflow;
  if (Array.isArray(workflow) && workflow.some((phase) => [phase].flat().includes('val')))
    changes.leave('workflow', '3.x computes no losses on validation images; it evaluates every train_cfg.val_interval');
  else if (workflow !== undefined)
    changes.note('workflow', 'dropped: 3.x trains, and evaluates every train_cfg.val_interval');
  for (const key of IDLE) if (take(config, key) !== undefined) changes.note(key, 'nothing: 3.x has no use for it');
  const scaling = take(config, 'auto_scale_lr_config') ?? config.auto_scale_lr;
  if (scaling !== undefined) config.auto_scale_lr = scaling;
  if (take(config, 'auto_resume') === true) {
    changes.note('auto_resume', 'resume');
    config.resume = true;
  }
  const resume = take(config, 'resume_from');
  if (resume === undefined) return;
  changes.note('resume_from', resume === null ? 'resume: false' : 'load_from with resume: true');
  if (resume === null) config.resume ??= false;
  else Object.assign(config, { load_from: resume, resume: true });
}
