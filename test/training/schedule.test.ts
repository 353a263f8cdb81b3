import { describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { EpochBasedTrainLoop } from '../../src/training/loops/epoch-based';
import { IterBasedTrainLoop } from '../../src/training/loops/iter-based';
import { replay } from '../../src/training/position';
import { Schedule, scheduleFactories } from '../../src/training/schedule';
import { goldenJson } from '../golden-data';
import { registry } from './registry';

interface Golden {
  cfg: ModuleConfig[];
  base_lr: number;
  epoch_len: number;
  lr: number[];
}
const golden = goldenJson<Record<string, Golden>>('lr_schedules');
/** Of YOLOX and RTMDet. */
const { schedules } = goldenJson<{
  schedules: Record<string, { length: number; lr: number; rules: ModuleConfig[]; steps: number[] }>;
}>('training_hooks');

interface Plan {
  name: string;
  rules: ModuleConfig[];
  lr: number;
  length: number;
  epochs: number;
  rates: number[];
}
const plans = goldenJson<Plan[]>('lr_plans');

function schedule(cfg: ModuleConfig[], lr: number, epochLength: number) {
  const group = { lr, initialLr: lr };
  const factories = cfg.map((c) => {
    const type = c.type.replace('mmdet.', '');
    return registry.build('param_scheduler', { ...c, type }, { path: 'param_scheduler' });
  });
  return { group, schedule: new Schedule(factories, [group], epochLength, cfg) };
}

describe("the learning rate of every iteration is mmengine's", () => {
  test.each(['1x', 'cosine', 'poly', 'step_exp_const', 'exp', 'const', 'yolox'])('%s', (name) => {
    const { cfg, base_lr, epoch_len, lr } = golden[name];
    const run = schedule(cfg, base_lr, epoch_len);
    for (const [i, expected] of lr.entries()) {
      expect(Math.abs(run.group.lr - expected)).toBeLessThanOrEqual(1e-9 + 1e-9 * expected);
      run.schedule.afterIteration();
      if ((i + 1) % epoch_len === 0) run.schedule.afterEpoch();
    }
  });

  test.each(Object.entries(schedules))('%s', (_, { length, lr, rules, steps }) => {
    const run = schedule(rules, lr, length);
    for (const [i, expected] of steps.entries()) {
      expect(run.group.lr).toBeCloseTo(expected, 12);
      run.schedule.afterIteration();
      if ((i + 1) % length === 0) run.schedule.afterEpoch();
    }
  });
});

/** Random plans of every scheduler type, by epochs, by iterations and converted. */
test.each(plans.map((plan) => [plan.name, plan] as const))(
  "%s: the rate of every iteration is mmengine's",
  (_, plan) => {
    const run = schedule(plan.rules, plan.lr, plan.length);
    for (const [i, expected] of plan.rates.entries()) {
      expect(Math.abs(run.group.lr - expected)).toBeLessThanOrEqual(1e-12 + 1e-9 * Math.abs(expected));
      run.schedule.afterIteration();
      if ((i + 1) % plan.length === 0) run.schedule.afterEpoch();
    }
  },
);

test.each(plans.map((plan) => [plan.name, plan] as const))('%s: taken up anywhere from any other plan', (_, plan) => {
  for (const other of plans.slice(0, 5)) {
    const { length, rates } = plan;
    for (let step = 0; step < rates.length; step++) {
      const run = schedule(plan.rules, plan.lr, length);
      // a checkpoint of the other plan has other rates, and says so
      const before = schedule(other.rules, other.lr, other.length).schedule.state();
      expect(before.plan === run.schedule.plan).toBe(plan === other);
      replay(run.schedule, length, 'epoch', { epoch: Math.floor(step / length), iteration: step % length, step });
      expect(Math.abs(run.group.lr - rates[step])).toBeLessThanOrEqual(1e-12 + 1e-9 * Math.abs(rates[step]));
    }
  }
});

test('a restored schedule goes on where it was', () => {
  const { cfg, base_lr, epoch_len, lr } = golden['1x'];
  const first = schedule(cfg, base_lr, epoch_len);
  for (let i = 0; i < 87; i++) {
    first.schedule.afterIteration();
    if ((i + 1) % epoch_len === 0) first.schedule.afterEpoch();
  }
  const second = schedule(cfg, base_lr, epoch_len);
  second.schedule.restore(JSON.parse(JSON.stringify(first.schedule.state())));
  expect(second.group.lr).toBe(first.group.lr);
  expect(second.group.lr).toBeCloseTo(lr[87], 9);
  for (const run of [first, second]) for (let i = 0; i < 3; i++) run.schedule.afterIteration();
  for (const run of [first, second]) run.schedule.afterEpoch();
  expect(second.group.lr).toBe(first.group.lr);
});

/** Random plans of every scheduler that moves momentum or weight decay, has phases, or follows evaluations. */
interface ParameterPlan extends Omit<Plan, 'lr' | 'rates'> {
  lrs: number[];
  optimizer: 'SGD' | 'AdamW';
  metrics: Record<string, number>[];
  /** By iteration and group: learning rate, momentum or first beta, weight decay. */
  values: [lr: number, momentum: number, weightDecay: number][][];
}
const parameterPlans = goldenJson<ParameterPlan[]>('parameter_plans');

function planned({ epochs, length, lrs, rules }: ParameterPlan) {
  const groups = lrs.map((lr, i) => ({ lr, initialLr: lr, momentum: 0.9, weightDecay: 0.001 * (i + 1) }));
  const factories = scheduleFactories(rules, { loop: new EpochBasedTrainLoop(epochs), length, registry });
  return { groups, schedule: new Schedule(factories, groups, length, rules, 0.9) };
}

test.each(parameterPlans.map((plan) => [plan.name, plan] as const))(
  "%s: rates, momentum and weight decay of every iteration are mmengine's, gone on with from any of them",
  (_, plan) => {
    const { length, metrics, values } = plan;
    const run = planned(plan);
    const resumed = new Map<number, ReturnType<typeof planned>>();
    const at = ({ groups }: ReturnType<typeof planned>) => groups.map((g) => [g.lr, g.momentum, g.weightDecay]);
    for (const [i, expected] of values.entries()) {
      for (const one of [run, ...resumed.values()])
        for (const [g, group] of at(one).entries())
          for (const [k, value] of group.entries())
            expect(Math.abs(value - expected[g][k]), `iteration ${i}`).toBeLessThanOrEqual(
              1e-12 + 1e-9 * expected[g][k],
            );
      if (i % 5 === 0) {
        const other = planned(plan);
        other.schedule.restore(JSON.parse(JSON.stringify(run.schedule.state())));
        resumed.set(i, other);
      }
      for (const { schedule } of [run, ...resumed.values()]) {
        schedule.afterIteration();
        if ((i + 1) % length !== 0) continue;
        schedule.afterEpoch();
        schedule.afterEvaluation(metrics[(i + 1) / length - 1]);
      }
    }
  },
);

test('a plan that follows evaluations is taken up from those that were made', () => {
  const plan = parameterPlans.find(({ name }) => name === 'ReduceOnPlateauLR after a warm-up')!;
  const { length, metrics, values } = plan;
  const evaluations = metrics.map((record, i) => ({ ...record, step: i + 1 }));
  const run = planned(plan);
  replay(run.schedule, length, 'epoch', { epoch: 7, iteration: 1, step: 7 * length + 1 }, evaluations);
  expect(run.groups[0].lr).toBeCloseTo(values[7 * length + 1][0][0], 12);
});

test('a rule without an end ends with the run, in epochs, iterations or both', () => {
  const rules = (more: object) => [{ type: 'PolyLR', ...more }];
  const rates = (loop: EpochBasedTrainLoop | IterBasedTrainLoop, more: object, steps: number) => {
    const group = { lr: 1, initialLr: 1 };
    const factories = scheduleFactories(rules(more), { loop, length: 4, registry });
    const schedule = new Schedule(factories, [group], 4, rules(more));
    for (let i = 1; i < steps; i++) {
      schedule.afterIteration();
      if (i % 4 === 0 && loop.unit === 'epoch') schedule.afterEpoch();
    }
    return group.lr;
  };
  expect(rates(new EpochBasedTrainLoop(3), {}, 12)).toBeCloseTo(0, 12);
  expect(rates(new EpochBasedTrainLoop(3), { by_epoch: false }, 12)).toBeCloseTo(0, 12);
  expect(rates(new EpochBasedTrainLoop(3), { convert_to_iter_based: true }, 12)).toBeCloseTo(0, 12);
  expect(rates(new IterBasedTrainLoop(10), { by_epoch: false }, 10)).toBeCloseTo(0, 12);
  expect(rates(new IterBasedTrainLoop(10), { by_epoch: false }, 6)).toBeCloseTo(4 / 9, 12);
});

test('what cannot be is refused, by its name', () => {
  const loop = new EpochBasedTrainLoop(3);
  const build = (rule: ModuleConfig, momentum?: number) => {
    const factories = scheduleFactories([rule], { loop, length: 4, registry });
    return new Schedule(factories, [{ lr: 1, initialLr: 1 }], 4, [rule], momentum);
  };
  expect(() => build({ type: 'MultiStepLR', milestone: [3] })).toThrow(/Did you mean "milestones"/);
  expect(() => build({ type: 'StepLR', step_size: 2, begin: 5, end: 5 })).toThrow(/expected an end after begin/);
  expect(() => build({ type: 'StepMomentum', step_size: 2 })).toThrow(/Cannot schedule the momentum/);
  expect(() => build({ type: 'StepLR', step_size: 2, param_name: 'momentum' })).toThrow(/param_name/);
  expect(() => build({ type: 'StepParamScheduler', step_size: 2 })).toThrow(/param_name/);
  expect(() => build({ type: 'CosineRestartLR', periods: [2, 1], eta_min: 0 })).toThrow(
    /as many restart_weights as periods/,
  );
  expect(() => build({ type: 'CosineRestartLR', periods: [3] })).toThrow(/one of eta_min and eta_min_ratio/);
  expect(() => build({ type: 'CosineAnnealingLR', eta_min: 0, eta_min_ratio: 0 })).toThrow(/received both/);
  expect(() => build({ type: 'ReduceOnPlateauLR', by_epoch: false })).toThrow(/by_epoch: expected true/);
  const plateau = build({ type: 'ReduceOnPlateauLR', monitor: 'coco/bbox_map' });
  plateau.afterEpoch();
  expect(() => plateau.afterEvaluation({ 'coco/bbox_mAP': 0.1 })).toThrow(
    /no such metric. Did you mean "coco\/bbox_mAP"/,
  );
});
