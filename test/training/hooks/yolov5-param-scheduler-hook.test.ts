// Rates and momentum against MMYOLO's hook, in a run and its resume.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { YOLOv5ParamSchedulerHook, YOLOv5Rates } from '../../../src/training/hooks/yolov5-param-scheduler-hook';
import type { RatedGroup } from '../../../src/training/learning-rates';
import { goldenJson } from '../../golden-data';
import { registry } from '../registry';
import { weightsOf, withoutTimes } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

interface Golden {
  rates: { length: number; epochs: number; cfg: Record<string, unknown>; steps: [number, number, number][] }[];
}
const golden = goldenJson<Golden>('training_hooks');

function schedulerHook(cfg: object): YOLOv5ParamSchedulerHook {
  const config = { type: 'YOLOv5ParamSchedulerHook', ...cfg };
  const hook = registry.build('hook', config, { path: 'default_hooks.param_scheduler' });
  if (!(hook instanceof YOLOv5ParamSchedulerHook)) throw new Error('no YOLOv5ParamSchedulerHook');
  return hook;
}

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test.each(golden.rates)("MMYOLO's rates: $cfg", ({ length, epochs, cfg, steps }) => {
  const { options } = schedulerHook({ max_epochs: epochs, ...cfg });
  const make = (): [RatedGroup[], YOLOv5Rates] => {
    const groups: RatedGroup[] = (['weight', 'bias'] as const).map((role) => ({ lr: 0.01, initialLr: 0.01, role }));
    return [groups, new YOLOv5Rates(groups, length, 0.937, options)];
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

test('a run and its resume have the same numbers, bit by bit, with averaged weights too', async () => {
  const optimizer = {
    type: 'SGD',
    lr: 0.05,
    momentum: 0.9,
    nesterov: true,
    weight_decay: 0.001,
    batch_size_per_gpu: 2,
  };
  const run = (extra: TinyRun) =>
    trainTiny({
      optimWrapper: { type: 'OptimWrapper', optimizer, constructor: 'YOLOv5OptimizerConstructor' },
      paramScheduler: [],
      hooks: [registry.build('hook', { type: 'EMAHook', momentum: 0.1 }, { path: 'custom_hooks.0' })],
      defaultHooks: { param_scheduler: schedulerHook({ max_epochs: 3, warmup_epochs: 1, warmup_mim_iter: 4 }) },
      ...extra,
    });
  const whole = await run({});
  const rates = whole.result.history.train.map(({ lr }) => lr);
  expect(new Set(rates).size).toBeGreaterThan(2);
  for (const at of [4, 5, 8]) {
    const stop = new AbortController();
    const workDir = freshDir();
    const callbacks = { onStep: ({ step }: { step: number }) => void (step === at && stop.abort()) };
    await run({ workDir, signal: stop.signal, callbacks });
    const { detector, result } = await run({ workDir, resume: true });
    expect(weightsOf(detector)).toEqual(weightsOf(whole.detector));
    expect(withoutTimes(result.history.train)).toEqual(withoutTimes(whole.result.history.train));
  }
});
