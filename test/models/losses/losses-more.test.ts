// MMYOLO's IoULoss, GHM with momentum and rarer options of the losses against the reference (losses_single.json).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { type LossCall, losses } from '../../../src/models/losses';
import type { Centers } from '../../../src/models/losses/gaussian-focal-loss';
import { Module } from '../../../src/nn';
import { expectClose, goldenJson } from '../../golden-data';

type Nested = number | Nested[];
interface Case {
  cfg: ModuleConfig;
  steps: number;
  weighted: boolean;
  value: Nested;
  grad: number[][];
  input: string;
}
type AnyLoss = {
  forward(p: tf.Tensor, t: tf.Tensor | [tf.Tensor, tf.Tensor], call: LossCall & { centers?: Centers }): tf.Tensor;
};
const { inputs, cases } = goldenJson<{ inputs: Record<string, number[] & number[][]>; cases: Case[] }>('losses_single');
const registry = new Registry(losses);
const flat = (values: Nested): number[] => (Array.isArray(values) ? values.flatMap(flat) : [values]);
const matrix = (name: string) => tf.tensor2d(inputs[name]);
const column = () => matrix('soft').slice([0, 0], [-1, 1]).reshape([-1]);
const labels = () => tf.tensor1d(inputs.labels, 'int32');

function inputOf(kind: string): [tf.Tensor, tf.Tensor | [tf.Tensor, tf.Tensor]] {
  switch (kind) {
    case 'boxes':
      return [matrix('a'), matrix('b')];
    case 'labels':
      return [matrix('logits'), labels()];
    case 'masks':
      return [matrix('logits'), matrix('masks')];
    case 'probabilities':
      return [matrix('p'), labels()];
    case 'probabilities, soft':
      return [matrix('p'), [labels(), column()]];
    case 'centres':
      return [matrix('p'), matrix('soft')];
    default:
      return [matrix('logits'), matrix('soft')];
  }
}

beforeAll(async () => void (await startEngine()));

test.each(cases.map((c, i) => [`${i} ${JSON.stringify(c.cfg)}`, c] as const))('%s', (_, c) => {
  const loss = registry.build('loss', c.cfg, { path: 'loss' }) as AnyLoss;
  tf.tidy(() => {
    const [prediction, target] = inputOf(c.input);
    const call: LossCall & { centers?: Centers } = {};
    if (c.weighted || c.input === 'labels') call.weight = tf.tensor1d(inputs.weight);
    if (c.input === 'centres') {
      const centers = { indices: tf.tensor1d([0, 4], 'int32'), labels: tf.tensor1d([1, 2], 'int32') };
      Object.assign(call, { centers, avgFactor: 2 });
    }
    for (let step = 1; step < c.steps; step++) loss.forward(prediction, target, call);
    let value: number[] = [];
    const gradient = tf.grad((x: tf.Tensor) => {
      const y = loss.forward(x, target, call);
      value = [...y.dataSync()];
      return tf.sum(y);
    })(prediction);
    expectClose(value, flat(c.value), 1e-5 * Math.max(1, ...value.map(Math.abs)), 'value');
    expectClose(gradient.dataSync(), flat(c.grad), 1e-5, 'gradient');
  });
  if (loss instanceof Module) loss.dispose();
});
