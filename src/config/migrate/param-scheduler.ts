// Translates `lr_config` to the schedulers of 3.x: one for the warm-up, one or more for the rest.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { mergeConfig } from '../merge';
import { type Changes, defined, objectAt, objectsIn, take, takeObject } from './changes';

const WARMUP = ['policy', 'by_epoch', 'warmup', 'warmup_iters', 'warmup_ratio', 'warmup_by_epoch', '_delete_'];
/** The options of each policy. */
const POLICIES: Readonly<Record<string, readonly string[]>> = {
  fixed: [],
  step: ['step', 'gamma', 'min_lr'],
  exp: ['gamma'],
  poly: ['power', 'min_lr'],
  inv: ['gamma', 'power'],
  CosineAnnealing: ['min_lr', 'min_lr_ratio'],
  FlatCosineAnnealing: ['start_percent', 'min_lr', 'min_lr_ratio'],
  CosineRestart: ['periods', 'restart_weights', 'min_lr', 'min_lr_ratio'],
  LinearAnnealing: ['min_lr', 'min_lr_ratio'],
  OneCycle: ['max_lr', 'total_steps', 'pct_start', 'anneal_strategy', 'div_factor', 'final_div_factor', 'three_phase'],
  cyclic: ['target_ratio', 'cyclic_times', 'step_ratio_up', 'anneal_strategy', 'gamma'],
  YOLOX: ['num_last_epochs', 'min_lr_ratio', 'min_lr'],
};

/** The range of a schedule: the whole training, in the loop's unit. */
interface Span {
  end: ConfigValue | undefined;
  by_epoch: boolean;
  /** The learning rate changes every iteration although the loop counts epochs. */
  convert_to_iter_based?: true;
}

export function migrateLearningRate(config: ConfigObject, changes: Changes): void {
  const given = takeObject(config, 'lr_config', changes);
  if (take(config, 'momentum_config') !== undefined)
    changes.leave(
      'momentum_config',
      '3.x schedules momentum by schedulers like CosineAnnealingMomentum: add one to param_scheduler',
    );
  const loop = objectAt(config, 'train_cfg');
  if (!given) {
    stretch(config, loop);
    return;
  }
  changes.note('lr_config', 'param_scheduler');
  const rule = overBase(given, objectsIn(config.param_scheduler));
  const policy = String(rule.policy);
  if (Object.hasOwn(POLICIES, policy)) changes.unknownKeys(rule, [...WARMUP, ...POLICIES[policy]], 'lr_config');
  const iterations = loop?.max_iters !== undefined;
  const span: Span = iterations
    ? { end: loop?.max_iters, by_epoch: false }
    : { end: loop?.max_epochs, by_epoch: true, ...(rule.by_epoch === false ? { convert_to_iter_based: true } : {}) };
  const warmup = policy === 'YOLOX' ? undefined : warmupOf(rule, changes);
  config.param_scheduler = [...(warmup ? [warmup] : []), ...mainSchedules(rule, span, config, changes)];
}

/** Old keys merged over the schedulers of a 3.x base, which are translated back to 2.x. */
function overBase(given: ConfigObject, schedulers: ConfigObject[]): ConfigObject {
  if (given._delete_ === true || (given.policy !== undefined && given.policy !== 'step')) return given;
  const warmup = schedulers.find(({ type, by_epoch }) => type === 'LinearLR' && by_epoch === false);
  const steps = schedulers.find(({ type }) => type === 'MultiStepLR');
  const base = defined({
    ...(warmup ? { warmup: 'linear', warmup_iters: warmup.end, warmup_ratio: warmup.start_factor } : {}),
    ...(steps ? { policy: 'step', step: steps.milestones, gamma: steps.gamma } : {}),
  });
  return mergeConfig(given, base);
}

/** Without `lr_config`, the schedule of a base is extended to the end of training. */
function stretch(config: ConfigObject, loop: ConfigObject | undefined): void {
  const end = loop?.max_epochs;
  if (end === undefined || !Array.isArray(config.param_scheduler)) return;
  const last = Math.max(
    ...objectsIn(config.param_scheduler).map((rule) => (rule.by_epoch === false ? 0 : Number(rule.end ?? 0))),
  );
  config.param_scheduler = config.param_scheduler.map((rule) =>
    isObject(rule) && rule.by_epoch !== false && rule.end === last ? { ...rule, end } : rule,
  );
}

function warmupOf(given: ConfigObject, changes: Changes): ConfigObject | undefined {
  const { warmup, warmup_ratio: ratio = 0.1, warmup_iters: end = 0, warmup_by_epoch: epochs } = given;
  if (warmup === undefined || warmup === null) return undefined;
  const span: ConfigObject =
    epochs === true
      ? { by_epoch: true, begin: 0, end, convert_to_iter_based: true }
      : { by_epoch: false, begin: 0, end };
  if (warmup === 'constant') return { type: 'ConstantLR', factor: ratio, ...span };
  if (warmup !== 'linear')
    changes.leave(
      'lr_config.warmup',
      `${warmup}: 3.x has no such warm-up; replaced by a linear one with the same factor and length`,
    );
  return { type: 'LinearLR', start_factor: ratio, ...span };
}

function mainSchedules(given: ConfigObject, span: Span, config: ConfigObject, changes: Changes): ConfigValue[] {
  const { end, ...counted } = span;
  const whole = defined({ begin: 0, end, ...counted });
  const minimum = { eta_min: given.min_lr, eta_min_ratio: given.min_lr_ratio };
  const stepwise = { ...whole };
  if (given.min_lr !== undefined && given.policy === 'step')
    changes.leave('lr_config.min_lr', 'MultiStepLR has no minimum learning rate');
  switch (given.policy) {
    case 'fixed':
      return [];
    case 'step':
      return [
        Array.isArray(given.step)
          ? { type: 'MultiStepLR', ...stepwise, milestones: given.step, gamma: given.gamma ?? 0.1 }
          : defined({ type: 'StepLR', ...stepwise, step_size: given.step, gamma: given.gamma ?? 0.1 }),
      ];
    case 'CosineAnnealing':
      return [defined({ type: 'CosineAnnealingLR', ...whole, T_max: end, ...minimum })];
    case 'FlatCosineAnnealing':
      return [flatCosine(given, span, minimum)];
    case 'CosineRestart':
      return [
        defined({
          type: 'CosineRestartLR',
          ...whole,
          periods: given.periods,
          restart_weights: given.restart_weights ?? [1],
          ...minimum,
        }),
      ];
    case 'poly':
      return [{ type: 'PolyLR', ...whole, power: given.power ?? 1, eta_min: given.min_lr ?? 0 }];
    case 'LinearAnnealing':
      return [{ type: 'PolyLR', ...whole, power: 1, eta_min: leastRate(given, config) }];
    case 'exp':
      return [defined({ type: 'ExponentialLR', ...whole, gamma: given.gamma })];
    case 'OneCycle': {
      const { policy: _, max_lr: most, by_epoch: __, ...rest } = given;
      return [defined({ type: 'OneCycleLR', eta_max: most, ...rest, by_epoch: span.by_epoch })];
    }
    case 'YOLOX':
      return yoloxSchedules(given, end, config, changes);
  }
  const known = Object.keys(POLICIES).filter((name) => name !== 'inv' && name !== 'cyclic');
  changes.leave(
    'lr_config.policy',
    given.policy === undefined
      ? `expected one of ${known.join(', ')}`
      : `${given.policy} has no counterpart in 3.x, the learning rate is constant: write its param_scheduler. Translated policies: ${known.join(', ')}`,
  );
  return [];
}

function flatCosine(given: ConfigObject, { end, ...counted }: Span, minimum: Record<string, ConfigValue | undefined>) {
  const begin = Math.floor(Number(end ?? 0) * Number(given.start_percent ?? 0.75));
  return defined({ type: 'CosineAnnealingLR', begin, end, ...counted, T_max: Number(end ?? 0) - begin, ...minimum });
}

/** A quadratic warm-up by epochs, a cosine, and a few epochs at the minimum learning rate. */
function yoloxSchedules(
  given: ConfigObject,
  end: ConfigValue | undefined,
  config: ConfigObject,
  changes: Changes,
): ConfigValue[] {
  const begin = given.warmup_iters ?? 0;
  const last = Number(end) - Number(given.num_last_epochs ?? 0);
  if (given.warmup !== undefined && given.warmup_by_epoch !== true)
    changes.leave('lr_config.warmup_by_epoch', 'YOLOX warms up by epochs: set to true');
  return [
    { type: 'mmdet.QuadraticWarmupLR', by_epoch: true, begin: 0, end: begin, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: leastRate(given, config),
      begin,
      T_max: last,
      end: last,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    defined({ type: 'ConstantLR', by_epoch: true, factor: 1, begin: last, end }),
  ];
}

function leastRate(given: ConfigObject, config: ConfigObject): ConfigValue {
  const rate = objectAt(objectAt(config, 'optim_wrapper') ?? {}, 'optimizer')?.lr;
  if (typeof given.min_lr_ratio === 'number' && typeof rate === 'number') return given.min_lr_ratio * rate;
  return given.min_lr ?? 0;
}
