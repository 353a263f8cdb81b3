// Translates `optimizer`, `optimizer_config` and `fp16` to the optimizer wrapper of 3.x.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, layOver, objectAt, take, takeObject } from './changes';

const SETTINGS = [
  'type',
  'grad_clip',
  'coalesce',
  'bucket_size_mb',
  'loss_scale',
  'distributed',
  'cumulative_iters',
  'update_interval',
  'use_fp16',
  'detect_anomalous_params',
  '_delete_',
];
const HALF = ['loss_scale', 'mode', 'grad_clip', 'coalesce', 'bucket_size_mb', 'distributed', '_delete_'];

export function migrateOptimizer(config: ConfigObject, changes: Changes): void {
  const base = objectAt(config, 'optim_wrapper');
  const given = takeObject(config, 'optimizer', changes);
  const settings = take(config, 'optimizer_config');
  const half = take(config, 'fp16');
  const amp =
    isObject(half) || (isObject(settings) && (settings.use_fp16 === true || /Fp16/.test(String(settings.type))));
  if (given === undefined && settings === undefined && !amp) return;
  if (given !== undefined) changes.note('optimizer', 'optim_wrapper.optimizer');
  const { grad_clip: clip, loss_scale: scale, ...rest } = isObject(settings) ? settings : ({} as ConfigObject);
  if (clip !== undefined) changes.note('optimizer_config.grad_clip', 'optim_wrapper.clip_grad');
  changes.unknownKeys(isObject(settings) ? settings : {}, SETTINGS, 'optimizer_config');
  changes.unknownKeys(isObject(half) ? half : {}, HALF, 'fp16');
  if (amp) changes.note(isObject(half) ? 'fp16' : 'optimizer_config', 'optim_wrapper (AmpOptimWrapper)');
  const steps = rest.cumulative_iters ?? rest.update_interval;
  if (steps !== undefined && steps !== 1)
    changes.note('optimizer_config.cumulative_iters', 'optim_wrapper.accumulative_counts');
  config.optim_wrapper = defined({
    ...base,
    type: amp ? 'AmpOptimWrapper' : (base?.type ?? 'OptimWrapper'),
    loss_scale: isObject(half) ? half.loss_scale : scale,
    clip_grad: clip === undefined || clip === null ? (clip === null ? undefined : base?.clip_grad) : clip,
    accumulative_counts: steps === 1 ? undefined : steps,
  });
  if (isObject(given)) layOptimizer(config.optim_wrapper as ConfigObject, given, changes);
}

/** Options of parameter groups, part of the optimizer in 2.x, are options of the wrapper in 3.x. */
function layOptimizer(wrapper: ConfigObject, given: ConfigObject, changes: Changes): void {
  const { paramwise_cfg: groups, paramwise_options: older, ...rest } = given;
  const maker = Object.hasOwn(rest, 'constructor') ? take(rest, 'constructor') : undefined;
  const perGroup: ConfigValue | undefined = groups ?? older;
  if (perGroup !== undefined) changes.note('optimizer.paramwise_cfg', 'optim_wrapper.paramwise_cfg');
  if (maker !== undefined) changes.note('optimizer.constructor', 'optim_wrapper.constructor');
  layOver(wrapper, 'optimizer', rest);
  if (isObject(perGroup)) layOver(wrapper, 'paramwise_cfg', perGroup);
  if (maker !== undefined) Object.assign(wrapper, { constructor: maker });
}
