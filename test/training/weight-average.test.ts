// Averages against mmengine's and MMDetection's.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import type { Module } from '../../src/nn/module';
import { EMAHook } from '../../src/training/hooks/ema-hook';
import { WeightAverage } from '../../src/training/weight-average';
import { goldenJson } from '../golden-data';
import { registry } from './registry';

interface Golden {
  averages: { cfg: Record<string, unknown>; steps: { weight: number[]; running_mean: number[] }[] }[];
}
const golden = goldenJson<Golden>('training_hooks');

function averageOf(model: Module, cfg: object): WeightAverage {
  const hook = registry.build('hook', { type: 'EMAHook', ...cfg }, { path: 'custom_hooks.0' });
  if (!(hook instanceof EMAHook)) throw new Error('no EMAHook');
  return new WeightAverage(model, hook.options);
}

beforeAll(async () => void (await startEngine()));

test.each(golden.averages)('$cfg', ({ cfg, steps }) => {
  const before = tf.memory().numTensors;
  const model = new BatchNorm2d({ channels: 3 });
  const average = averageOf(model, cfg);
  for (const [i, expected] of steps.entries()) {
    const t = i + 1;
    tf.tidy(() => {
      model.weight.variable.assign(tf.tensor1d([0, 1, 2].map((k) => Math.sin(t + k))));
      model.runningMean.variable.assign(tf.tensor1d([0, 1, 2].map((k) => Math.cos(t + k))));
    });
    const own = [...model.weight.variable.dataSync()];
    average.update(t, 1);
    average.swap();
    for (const [name, { variable }] of Object.entries({ weight: model.weight, running_mean: model.runningMean })) {
      const found = variable.dataSync();
      for (const [k, v] of expected[name as 'weight'].entries()) expect(found[k]).toBeCloseTo(v, 6);
    }
    average.swap();
    expect([...model.weight.variable.dataSync()]).toEqual(own);
  }
  average.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

// of one weight that is 1, 2, 4, 7, 3, 0, -2, 5, by mmengine 0.10.7 and mmdet 3.3.0
test.each<[object, number[]]>([
  [
    { ema_type: 'MomentumAnnealingEMA', momentum: 0.1, gamma: 3 },
    [1, 1.75, 3.1, 5.05, 4.171429, 2.607143, 1.071429, 2.25],
  ],
  [
    { ema_type: 'MomentumAnnealingEMA', momentum: 0.01 },
    [1, 1.990099, 3.96059, 6.911473, 3.150441, 0.150021, -1.878301, 4.550018],
  ],
  [
    { ema_type: 'mmdet.ExpMomentumEMA', momentum: 0.1, gamma: 4 },
    [1, 1.645878, 2.882098, 4.65729, 4.064222, 2.841634, 1.600256, 2.354325],
  ],
  [{ ema_type: 'StochasticWeightAverage', interval: 2 }, [1, 1, 2.5, 2.5, 2.666667, 2.666667, 1.5, 1.5]],
  [{ momentum: 0.3, interval: 3 }, [1, 1, 1, 2.8, 2.8, 2.8, 1.36, 1.36]],
])('%j', (cfg, expected) => {
  const model = new BatchNorm2d({ channels: 1 });
  const average = averageOf(model, cfg);
  for (const [i, x] of [1, 2, 4, 7, 3, 0, -2, 5].entries()) {
    tf.tidy(() => model.weight.variable.assign(tf.tensor1d([x])));
    average.update(i + 1, 1);
    expect(average.averaged().get('weight')!.data[0], `step ${i}`).toBeCloseTo(expected[i], 5);
  }
  average.dispose();
  model.dispose();
});

test('averaging begins late when asked', () => {
  const model = new BatchNorm2d({ channels: 1 });
  const average = averageOf(model, { momentum: 0.5, begin_iter: 3 });
  const set = (v: number) => tf.tidy(() => model.weight.variable.assign(tf.tensor1d([v])));
  const found: number[] = [];
  for (let i = 1; i <= 5; i++) {
    set(i);
    average.update(i, 1);
    found.push(average.averaged().get('weight')!.data[0]);
  }
  expect(found).toEqual([1, 2, 3, 3.5, 4.25]);
  average.dispose();
  model.dispose();
});
