// EarlyStoppingHook counts as mmengine's, ends runs of epochs and of iterations as whole runs, and goes on with its count.

import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { EarlyStoppingHook } from '../../../src/training/hooks/early-stopping-hook';
import { ruleOfMetric } from '../../../src/training/metric-rule';
import type { TrainRun } from '../../../src/training/train-run';
import { complaint } from '../../config/scratch';
import { goldenJson } from '../../golden-data';
import { registry } from '../registry';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

const hook = (options: Record<string, unknown>) =>
  registry.build('hook', { type: 'EarlyStoppingHook', ...options }, { path: 'custom_hooks.0' }) as EarlyStoppingHook;

interface Case {
  options: { monitor: string } & Record<string, unknown>;
  /** null: not finite. */
  values: (number | null)[];
  evaluations: number;
  stopped: boolean;
  waited: number;
  best: number;
}
const cases = goldenJson<Case[]>('early_stopping');

test('ends where mmengine ends, with its count and its best value', () => {
  expect(cases.some(({ stopped }) => !stopped)).toBe(true);
  for (const { options, values, ...expected } of cases) {
    const stopping = hook(options);
    const run = { stopTraining: false, log: () => {}, loop: { unit: 'epoch', total: 12 }, done: 0 };
    for (const value of values) {
      run.done++;
      stopping.afterVal(run as unknown as TrainRun, { [options.monitor]: value ?? Number.NaN });
      if (run.stopTraining) break;
    }
    const { best, waited } = stopping.state();
    const received = { evaluations: run.done, stopped: run.stopTraining, waited, best };
    expect(received, JSON.stringify({ options, values })).toEqual(expected);
  }
});

test('NaN is no improvement where it does not end the run', () => {
  const stopping = hook({ monitor: 'mAP', min_delta: 0, patience: 2, check_finite: false });
  const run = {
    stopTraining: false,
    log: () => {},
    loop: { unit: 'epoch', total: 12 },
    done: 1,
  } as unknown as TrainRun;
  for (const mAP of [0.5, Number.NaN, 0.4]) stopping.afterVal(run, { mAP });
  expect(run.stopTraining).toBe(true);
  expect(stopping.state()).toEqual({ best: 0.5, waited: 2, finite: true });
});

test('the rule follows from the name of the metric, or must be given', () => {
  const rules = ['coco/bbox_mAP', 'pascal_voc/AP50', 'val/loss_cls', 'accuracy', 'loss', 'coco/AR@100', 'recall'];
  rules.push('crowd_human/mMR', 'crowd_human/JI', 'coco/score');
  expect(rules.map((name) => ruleOfMetric(name))).toEqual([
    'greater',
    'greater',
    'less',
    'greater',
    'less',
    'greater',
    'greater',
    'less',
    'greater',
    undefined,
  ]);
  expect(complaint(() => hook({ monitor: 'coco/score' }))).toMatch(/expected rule 'greater' or 'less'/);
  expect(hook({ monitor: 'coco/score', rule: 'greater' }).options).toMatchObject({ minDelta: 0.1, patience: 5 });
});

test("'auto' takes the rule of the metric that it turns out to be", () => {
  const options = { monitor: 'auto', minDelta: 0, patience: 2, strict: true, checkFinite: true };
  const ends = (name: string) => {
    const stopping = new EarlyStoppingHook(options);
    const run = { stopTraining: false, log: () => {}, loop: { unit: 'epoch', total: 12 }, done: 0 };
    for (const value of [0.5, 0.4, 0.3]) stopping.afterVal(run as unknown as TrainRun, { [name]: value });
    return [run.stopTraining, stopping.state().best];
  };
  expect(ends('crowd_human/mMR')).toEqual([false, 0.3]);
  expect(ends('coco/bbox_mAP')).toEqual([true, 0.5]);
});

describe('a run', () => {
  const values = [0.1, 0.3, 0.2, 0.25, 0.4];
  const stopping = (options = {}) => [hook({ monitor: 'AP', rule: 'greater', min_delta: 0, patience: 2, ...options })];

  async function train(run: TinyRun) {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const evaluate: TinyRun['evaluate'] = async ({ epoch }) => ({ AP: values[epoch - 1] });
    return { ...(await trainTiny({ epochs: 5, evaluate, hooks: stopping(), log, ...run })), lines };
  }

  test('of epochs ends after the evaluation that decides it, as a whole run', async () => {
    const { result, lines } = await train({ workDir: freshDir(), checkpoint: { interval: 3 } });
    expect(result).toMatchObject({ interrupted: false, epoch: 4, step: 20, early: 'stopped early at epoch 4 of 5' });
    expect(result.checkpoint).toMatch(/epoch_4$/);
    expect(lines).toContain('early stopping after epoch 4 of 5: AP has not improved in 2 evaluations, best 0.300');
  });

  test('of iterations ends at once', async () => {
    const { result } = await train({
      epochs: undefined,
      iterations: 20,
      evaluate: async ({ step }) => ({ AP: values[step / 2 - 1] }),
      evaluation: { interval: 2 },
      hooks: stopping({ patience: 1 }),
    });
    expect(result).toMatchObject({ interrupted: false, step: 6, early: 'stopped early at iteration 6 of 20' });
  });

  test('that ends with its last epoch is not stopped early', async () => {
    const { result } = await train({ epochs: 4 });
    expect(result).toMatchObject({ interrupted: false, epoch: 4 });
    expect(result.early).toBeUndefined();
  });

  test('that is resumed goes on with its count', async () => {
    const workDir = freshDir();
    const stop = new AbortController();
    // in the fourth epoch, after one evaluation without improvement
    const onStep = ({ step }: { step: number }) => void (step === 17 && stop.abort());
    await train({ workDir, signal: stop.signal, callbacks: { onStep } });
    const { result } = await train({ workDir, resume: true });
    expect(result).toMatchObject({ interrupted: false, epoch: 4 });
    // and once ended, it is over, unless there is more patience
    const again = await train({ workDir, resume: true });
    expect(again.result).toMatchObject({ interrupted: false, epoch: 4, step: 20, early: expect.any(String) });
    const longer = await train({ workDir, resume: true, hooks: stopping({ patience: 3 }) });
    expect(longer.result).toMatchObject({ interrupted: false, epoch: 5 });
    expect(longer.result.early).toBeUndefined();
  });

  test('whose evaluations have no such metric says so once, or fails where it is strict', async () => {
    const { result, lines } = await train({ epochs: 2, hooks: stopping({ monitor: 'AP5' }) });
    expect(result.epoch).toBe(2);
    expect(lines.filter((line) => /does nothing: .*no metric "AP5"\. Did you mean "AP"\?/.test(line))).toHaveLength(1);
    await expect(train({ hooks: stopping({ monitor: 'AP5', strict: true }) })).rejects.toThrow(
      /Cannot stop early by "AP5"/,
    );
  });
});
