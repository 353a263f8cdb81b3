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
