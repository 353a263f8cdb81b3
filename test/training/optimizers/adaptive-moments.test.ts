import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Module, type Parameter } from '../../../src/nn/module';
import type { Optimizer } from '../../../src/training/optimizers/optimizer';
import { parameterGroups } from '../../../src/training/parameter-groups';
import { expectClose, goldenJson } from '../../golden-data';
import { registry } from '../registry';

interface Path {
  cfg: { type: string } & Record<string, unknown>;
  p0: number[];
  target: number[];
  traj: number[][];
}
const golden = goldenJson<Record<string, Path>>('optimizers');

class Pair extends Module {
  readonly p: Parameter;
  readonly q: Parameter;
  constructor(values: number[]) {
    super();
    this.p = this.addParameter('backbone', [values.length], () => Float32Array.from(values));
    this.q = this.addParameter('head', [2], () => Float32Array.of(1, 2));
  }
}

function made(cfg: Path['cfg'], model: Module): Optimizer {
  const plan = registry.build('optimizer', cfg, { path: 'optimizer' });
  return plan.create(parameterGroups(model, plan));
}

/** One step on sum((p - target)^2); `head` has no gradient. */
function descend(model: Pair, optimizer: Optimizer, target: number[]): number[] {
  const gradient = tf.tidy(() => tf.mul(tf.sub(model.p.variable, tf.tensor1d(target)), 2));
  optimizer.step([gradient, undefined]);
  gradient.dispose();
  return [...model.p.variable.dataSync()];
}

beforeAll(async () => void (await startEngine()));

test.each(['adam', 'adamw'])('%s walks the path of PyTorch, also over a checkpoint', (name) => {
  const { cfg, p0, target, traj } = golden[name];
  const model = new Pair(p0);
  model.initWeights(undefined as never);
  let optimizer = made(cfg, model);
  for (const [step, expected] of traj.entries()) {
    if (step === 2) {
      const state = optimizer.stateDict();
      expect([...state.keys()]).toEqual([
        'exp_avg.backbone',
        'exp_avg.head',
        'exp_avg_sq.backbone',
        'exp_avg_sq.head',
        'steps',
      ]);
      optimizer.dispose();
      optimizer = made(cfg, model);
      optimizer.loadStateDict(state);
    }
    const before = tf.memory().numTensors;
    expectClose(descend(model, optimizer, target), expected, 2e-6, `step ${step}`);
    expect(tf.memory().numTensors).toBe(before);
  }
  expect([...model.q.variable.dataSync()]).toEqual([1, 2]);
  expect(() => optimizer.loadStateDict(new Map())).toThrow(/Only in the model/);
  optimizer.dispose();
  model.dispose();
});

// torch.optim with lr 0.01, betas (0.9, 0.9), weight_decay 0.1, amsgrad, from (0.5, -1) by the gradients below
test.each([
  ['Adam', [0.49, -1.01, 0.4833947, -1.0058701, 0.4785962, -1.0038277, 0.4747464, -1.0019573]],
  ['AdamW', [0.4895, -1.0090001, 0.4824087, -1.0043859, 0.4771334, -1.0020369, 0.4728136, -0.9999605]],
])('%s with amsgrad', (type, expected) => {
  const model = new Pair([0.5, -1]);
  model.initWeights(undefined as never);
  const optimizer = made({ type, lr: 0.01, betas: [0.9, 0.9], weight_decay: 0.1, amsgrad: true }, model);
  const gradients = [100, 1, 1, -2, -3, 0.5, 0.25, 0];
  const path: number[] = [];
  for (let k = 0; k < 8; k += 2) {
    const gradient = tf.tensor1d(gradients.slice(k, k + 2));
    optimizer.step([gradient, undefined]);
    gradient.dispose();
    path.push(...model.p.variable.dataSync());
  }
  expectClose(path, expected, 2e-6);
  optimizer.dispose();
  model.dispose();
});

// torch.optim with lr 0.1, weight_decay 0.05 and the momentum (AdamW's first beta) of each step
test.each([
  [{ type: 'AdamW' }, [0.5915908, -1.5442133, 0.0985144]],
  [{ type: 'SGD', momentum: 0.9 }, [0.0530091, 0.6974894, -0.5474293]],
])('%s with a momentum that is scheduled', (cfg, expected) => {
  const model = new Pair([1, -2, 0.5]);
  model.initWeights(undefined as never);
  const optimizer = made({ ...cfg, lr: 0.1, weight_decay: 0.05 }, model);
  for (const momentum of [0.9, 0.8, 0.7, 0.6, 0.5]) {
    for (const group of optimizer.groups) group.momentum = momentum;
    descend(model, optimizer, [0.2, 0.3, -0.4]);
  }
  expectClose([...model.p.variable.dataSync()], expected, 2e-6);
  optimizer.dispose();
  model.dispose();
});

test('a misspelt option is named', () => {
  const model = new Pair([1]);
  expect(() => made({ type: 'AdamW', lr: 1, beta: 3 }, model)).toThrow(/Did you mean "betas"/);
  model.dispose();
});
