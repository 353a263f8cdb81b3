import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Module, type Parameter } from '../../../src/nn/module';
import type { Optimizer } from '../../../src/training/optimizers/optimizer';
import { parameterGroups } from '../../../src/training/parameter-groups';
import { goldenJson } from '../../golden-data';
import { registry } from '../registry';

interface Path {
  cfg: { type: string } & Record<string, unknown>;
  p0: number[];
  target: number[];
  traj: number[][];
}
const golden = goldenJson<Record<string, Path>>('optimizers');

class Vector extends Module {
  readonly p: Parameter;
  constructor(name: string, values: number[]) {
    super();
    this.p = this.addParameter(name, [values.length], () => Float32Array.from(values));
  }
}

beforeAll(async () => void (await startEngine()));

function optimizer(model: Module, cfg: { type: string } & Record<string, unknown>): Optimizer {
  const plan = registry.build('optimizer', cfg, { path: 'optimizer' });
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
