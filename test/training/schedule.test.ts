import { describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { replay } from '../../src/training/position';
import { Schedule } from '../../src/training/schedule';
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

test('a schedule without its end is refused', () => {
  expect(() => schedule([{ type: 'CosineAnnealingLR' }], 0.1, 10)).toThrow(/expected T_max or end/);
  expect(() => schedule([{ type: 'MultiStepLR', milestone: [3] }], 0.1, 10)).toThrow(/Did you mean "milestones"/);
});
