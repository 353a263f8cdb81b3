// Averaged weights, YOLOv5's learning rates and groups, and YOLOX's and RTMDet's schedules against mmengine, MMDetection and
// MMYOLO; averages in the loop, its checkpoints and its resume.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { Module } from '../../src/nn';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { Conv2d } from '../../src/nn/conv2d';
import { readCheckpoint } from '../../src/training/checkpoint';
import type { HookPlan } from '../../src/training/hooks/hook';
import type { RatedGroup } from '../../src/training/learning-rates';
import { train } from '../../src/training/loop';
import { yolov5Groups } from '../../src/training/parameter-groups';
import { Schedule } from '../../src/training/schedule';
import type { ScheduleFactory } from '../../src/training/schedules/schedule-rule';
import { trainingModules } from '../../src/training/training-modules';
import { goldenJson } from '../golden-data';
import { tinyDetector, tinyLoader, tinySettings, weightsOf, withoutTimes } from './tiny-detector';

interface Golden {
  averages: { cfg: Record<string, unknown>; steps: { weight: number[]; running_mean: number[] }[] }[];
  rates: { length: number; epochs: number; cfg: Record<string, unknown>; steps: [number, number, number][] }[];
  groups: { batch: number; groups: Record<string, [number, number]> }[];
  schedules: Record<string, { length: number; epochs: number; lr: number; rules: ModuleConfig[]; steps: number[] }>;
}
const golden = goldenJson<Golden>('training_hooks');
const registry = new Registry(trainingModules);
const hook = (config: ModuleConfig) => registry.build<HookPlan>('hook', config, { path: 'custom_hooks.0' });
const averageOf = (cfg: object) => {
  const plan = hook({ type: 'EMAHook', ...cfg });
  if (plan.does !== 'average') throw new Error('no average');
  return plan.plan;
};

const folder = mkdtempSync(join(tmpdir(), 'detlab-hooks-'));
beforeAll(async () => void (await startEngine()));
afterAll(() => rmSync(folder, { recursive: true }));

describe('averaged weights', () => {
  test.each(golden.averages)('$cfg', ({ cfg, steps }) => {
    const before = tf.memory().numTensors;
    const model = new BatchNorm2d({ channels: 3 });
    const average = averageOf(cfg)(model);
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

  test('begin late when asked', () => {
    const model = new BatchNorm2d({ channels: 1 });
    const average = averageOf({ momentum: 0.5, begin_iter: 3 })(model);
    const set = (v: number) => tf.tidy(() => model.weight.variable.assign(tf.tensor1d([v])));
    const found: number[] = [];
    for (let i = 1; i <= 5; i++) {
      set(i);
      average.update(i, 1);
      found.push(average.states().model.get('weight')!.data[0]);
    }
    expect(found).toEqual([1, 2, 3, 3.5, 4.25]);
    average.dispose();
    model.dispose();
  });
});

describe('rates', () => {
  test.each(golden.rates)('of YOLOv5: $cfg', ({ length, epochs, cfg, steps }) => {
    const plan = hook({ type: 'YOLOv5ParamSchedulerHook', max_epochs: epochs, ...cfg });
    if (plan.does !== 'rates') throw new Error('no rates');
    const make = (): [RatedGroup[], ReturnType<typeof plan.plan>] => {
      const groups: RatedGroup[] = (['weight', 'bias'] as const).map((role) => ({ lr: 0.01, initialLr: 0.01, role }));
      return [groups, plan.plan(groups, length, 0.937)];
    };
    let [groups, rates] = make();
    for (const [i, [lr, bias, momentum]] of steps.entries()) {
      if (i === 7) {
        // as a resumed run has them
        const state = JSON.parse(JSON.stringify(rates.state()));
        [groups, rates] = make();
        rates.restore(state);
      }
      expect(groups[0].lr).toBeCloseTo(lr, 12);
      expect(groups[1].lr).toBeCloseTo(bias, 12);
      expect(groups[0].momentum).toBeCloseTo(momentum, 12);
      rates.afterIteration();
      if ((i + 1) % length === 0) rates.afterEpoch();
    }
  });

  test.each(Object.entries(golden.schedules))('of %s', (_, { length, lr, rules, steps }) => {
    const group = { lr, initialLr: lr };
    const factories = rules.map((c) => registry.build<ScheduleFactory>('param_scheduler', c, { path: '' }));
    const schedule = new Schedule(factories, [group], length);
    for (const [i, expected] of steps.entries()) {
      expect(group.lr).toBeCloseTo(expected, 12);
      schedule.afterIteration();
      if ((i + 1) % length === 0) schedule.afterEpoch();
    }
  });

  class Net extends Module {
    constructor() {
      super();
      this.addChild('conv', new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, bias: false }));
      this.addChild('bn', new BatchNorm2d({ channels: 4 }));
      this.addChild('pred', new Conv2d({ inChannels: 4, outChannels: 2, kernelSize: 1 }));
    }
  }
  test.each(golden.groups)("YOLOv5's groups for $batch images", ({ batch, groups }) => {
    const net = new Net();
    const found = yolov5Groups(net, { lr: 0.01, weightDecay: 0.0005 }, {}, batch);
    expect(Object.keys(groups).sort()).toEqual(found.map(({ name }) => name).sort());
    for (const { name, role, weightDecay } of found) {
      expect(['weight', 'norm', 'bias'].indexOf(role!), name).toBe(groups[name][0]);
      expect(weightDecay).toBeCloseTo(groups[name][1], 12);
    }
    net.dispose();
  });
});

describe('in the loop', () => {
  const settings = {
    ...tinySettings,
    optimWrapper: {
      type: 'OptimWrapper',
      optimizer: { type: 'SGD', lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.001, batch_size_per_gpu: 2 },
      constructor: 'YOLOv5OptimizerConstructor',
    },
    paramScheduler: [],
  };
  const rates = hook({ type: 'YOLOv5ParamSchedulerHook', max_epochs: 3, warmup_epochs: 1, warmup_mim_iter: 4 });
  const average = { ema_type: 'ExpMomentumEMA', momentum: 0.1, gamma: 5, update_buffers: true };

  async function run(workDir: string, extra: Partial<Parameters<typeof train>[0]> = {}) {
    const detector = tinyDetector();
    const evaluated: number[][] = [];
    const result = await train({
      ...settings,
      detector,
      loader: tinyLoader(),
      average: averageOf(average),
      rates: rates.does === 'rates' ? rates.plan : undefined,
      workDir,
      evaluate: async () => {
        evaluated.push(weightsOf(detector)['conv.weight']);
        return { 'coco/bbox_mAP': 0.1 };
      },
      ...extra,
    });
    return { detector, result, evaluated };
  }

  test('the average is evaluated, saved and left in the model', async () => {
    const plain = tinyDetector();
    await train({
      ...settings,
      detector: plain,
      loader: tinyLoader(),
      rates: rates.does === 'rates' ? rates.plan : undefined,
    });
    const { detector, result, evaluated } = await run(join(folder, 'a'));
    const own = weightsOf(detector)['conv.weight'];
    expect(own).not.toEqual(weightsOf(plain)['conv.weight']);
    expect(evaluated.at(-1)).toEqual(own);
    const { model, optimizer } = readCheckpoint(result.checkpoint!);
    expect([...model.get('conv.weight')!.data]).toEqual(own);
    // training itself does not see it
    expect([...optimizer.get('source.conv.weight')!.data]).toEqual(weightsOf(plain)['conv.weight']);
  });

  test('a resumed run is the same, bit by bit', async () => {
    const whole = await run(join(folder, 'b'));
    for (const at of [4, 5, 8]) {
      const stop = new AbortController();
      const workDir = join(folder, `c${at}`);
      const first = await run(workDir, {
        signal: stop.signal,
        hooks: { onStep: ({ step }) => void (step === at && stop.abort()) },
      });
      expect(first.result.step).toBe(at);
      const second = await run(workDir, { resume: true });
      expect(weightsOf(second.detector)).toEqual(weightsOf(whole.detector));
      expect(withoutTimes(second.result.history.train)).toEqual(withoutTimes(whole.result.history.train));
      expect(second.evaluated.at(-1)).toEqual(whole.evaluated.at(-1));
    }
  });

  test('weights that are averages are not gone on from without one', async () => {
    const workDir = join(folder, 'b');
    await expect(run(workDir, { resume: true, average: undefined })).rejects.toThrow(/EMAHook/);
  });
});

test('hooks say what is wrong with them', () => {
  expect(() => hook({ type: 'EMAHook', momentun: 0.1 })).toThrow(/momentum/);
  expect(() => hook({ type: 'EMAHook', begin_iter: 3, begin_epoch: 2 })).toThrow(/both/);
  expect(() => hook({ type: 'EMAHok' })).toThrow(/EMAHook/);
  for (const type of ['SyncNormHook', 'NumClassCheckHook', 'CheckInvalidLossHook'])
    expect(() => hook({ type, priority: 'LOW' })).not.toThrow();
});
