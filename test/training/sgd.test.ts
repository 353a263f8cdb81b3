import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { zeros } from '../../src/nn/initializers';
import { Module, type Parameter } from '../../src/nn/module';
import type { Optimizer, OptimizerPlan } from '../../src/training/optimizers/optimizer';
import { parameterGroups, paramwiseOptions } from '../../src/training/parameter-groups';
import { trainingModules } from '../../src/training/training-modules';

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/optimizers.json'), 'utf8'));
const registry = new Registry(trainingModules);

class Vector extends Module {
  readonly p: Parameter;
  constructor(name: string, values: number[]) {
    super();
    this.p = this.addParameter(name, [values.length], () => Float32Array.from(values));
  }
}

/** A tree whose leaves are named as in a state dict; a `bn` gets running statistics, as a norm layer has. */
class Named extends Module {
  constructor(names: string[], depth = '') {
    super();
    const children = new Map<string, string[]>();
    for (const name of names) {
      const dot = name.indexOf('.');
      if (dot < 0) this.addParameter(name, [1], zeros);
      else children.set(name.slice(0, dot), [...(children.get(name.slice(0, dot)) ?? []), name.slice(dot + 1)]);
    }
    if (/^(bn\d|downsample\.1)$/.test(depth)) this.addBuffer('running_mean', [1], zeros);
    for (const [child, rest] of children) {
      this.addChild(child, new Named(rest, depth === 'downsample' ? `downsample.${child}` : child));
    }
  }
}

beforeAll(async () => void (await startEngine()));

function optimizer(model: Module, cfg: { type: string } & Record<string, unknown>): Optimizer {
  const plan = registry.build<OptimizerPlan>('optimizer', cfg, { path: 'optimizer' });
  return plan.create(parameterGroups(model, plan));
}

/** One step on sum((p - target)^2). */
function descend(model: Vector, sgd: Optimizer, target: number[]): number[] {
  const gradient = tf.tidy(() => tf.mul(tf.sub(model.p.variable, tf.tensor1d(target)), 2));
  sgd.step([gradient]);
  gradient.dispose();
  return [...model.p.variable.dataSync()];
}

test.each(['sgd', 'sgd_nesterov'])('%s walks the path of torch.optim.SGD', (name) => {
  const { cfg, p0, target, traj } = golden[name];
  const model = new Vector('p', p0);
  model.initWeights(undefined as never);
  const sgd = optimizer(model, cfg);
  for (const expected of traj) {
    for (const [i, value] of descend(model, sgd, target).entries()) expect(value).toBeCloseTo(expected[i], 6);
  }
});

test('the momentum survives a state dict; another model is refused by name', () => {
  const { cfg, p0, target, traj } = golden.sgd;
  const [a, b] = [new Vector('p', p0), new Vector('p', p0)];
  a.initWeights(undefined as never);
  const first = optimizer(a, cfg);
  for (let i = 0; i < 3; i++) descend(a, first, target);
  const second = optimizer(b, cfg);
  b.loadStateDict(a.stateDict());
  second.loadStateDict(first.stateDict());
  expect(descend(b, second, target)).toEqual(descend(a, first, target));
  expect(descend(b, second, target)[0]).toBeCloseTo(traj[4][0], 6);
  const other = optimizer(new Vector('q', p0), cfg);
  expect(() => other.loadStateDict(first.stateDict())).toThrow(
    /Only in the checkpoint: momentum.p. Only in the model: momentum.q/,
  );
});

test('the first step is undamped, as in PyTorch', () => {
  const model = new Vector('p', [1]);
  model.initWeights(undefined as never);
  const sgd = optimizer(model, { type: 'SGD', lr: 0.1, momentum: 0.5, dampening: 0.5 });
  // buf: 2, then 0.5 * 2 + 0.5 * 1.6 = 1.8
  expect(descend(model, sgd, [0])[0]).toBeCloseTo(0.8, 6);
  expect(descend(model, sgd, [0])[0]).toBeCloseTo(0.62, 6);
});

test("paramwise_cfg gives every parameter mmengine's rates", () => {
  const rows: { name: string; lr: number; wd: number }[] = golden.paramwise;
  const model = new Named(rows.map((r) => r.name));
  const paramwise = paramwiseOptions.parse({ norm_decay_mult: 0, custom_keys: { layer4: { lr_mult: 0.1 } } });
  const groups = parameterGroups(model, { lr: rows[0].lr, weightDecay: rows[0].wd }, paramwise);
  const byName = new Map(groups.map((g) => [g.name, g]));
  expect(groups).toHaveLength(rows.length);
  for (const { name, lr, wd } of rows) {
    expect([name, byName.get(name)!.lr.toFixed(9), byName.get(name)!.weightDecay]).toEqual([name, lr.toFixed(9), wd]);
  }
});

test('biases outside of norm layers take their own multipliers', () => {
  const model = new Named(['conv.weight', 'conv.bias', 'bn1.bias']);
  const paramwise = paramwiseOptions.parse({ bias_lr_mult: 2, bias_decay_mult: 0 });
  const groups = parameterGroups(model, { lr: 0.1, weightDecay: 0.01 }, paramwise);
  expect(groups.map((g) => [g.name, g.lr, g.weightDecay])).toEqual([
    ['conv.weight', 0.1, 0.01],
    ['conv.bias', 0.2, 0],
    ['bn1.bias', 0.1, 0.01],
  ]);
});
