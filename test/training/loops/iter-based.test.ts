// A run counted in iterations: the batches and numbers of epochs, its log, evaluations, checkpoints and resume.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { registry } from '../registry';
import { tinyDetector, tinyLoader, weightsOf, withoutTimes } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

const withoutEpochs = (records: Record<string, number>[]) =>
  withoutTimes(records).map(({ epoch, ...rest }) => rest as Record<string, number>);

describe('numbers', () => {
  test('three epochs of five batches are fifteen iterations, bit by bit', async () => {
    const epochs = await trainTiny({ logInterval: 5 });
    const iterations = await trainTiny({ iterations: 15, logInterval: 5 });
    expect(weightsOf(iterations.detector)).toEqual(weightsOf(epochs.detector));
    expect(iterations.result).toMatchObject({ interrupted: false, epoch: 3, step: 15 });
    expect(iterations.result.history.train.some((record) => 'epoch' in record)).toBe(false);
    expect(withoutEpochs(iterations.result.history.train)).toEqual(withoutEpochs(epochs.result.history.train));
  });

  test('the last pass over the data may be cut short', async () => {
    const seen: string[] = [];
    const callbacks: TinyRun['callbacks'] = {
      onStep: ({ epoch, iteration, step, maxEpochs, maxSteps, unit }) =>
        void seen.push([unit, step, maxSteps, epoch, maxEpochs, iteration].join(' ')),
    };
    const { result } = await trainTiny({ iterations: 7, callbacks });
    expect(result).toMatchObject({ interrupted: false, epoch: 1, step: 7 });
    expect(seen.slice(3)).toEqual([
      'iteration 4 7 1 2 4',
      'iteration 5 7 1 2 5',
      'iteration 6 7 2 2 1',
      'iteration 7 7 2 2 2',
    ]);
  });

  test('an accumulation that the iterations do not divide ends with a step', async () => {
    const optimWrapper = {
      type: 'OptimWrapper',
      accumulative_counts: 4,
      optimizer: { type: 'SGD', lr: 0.05 },
    };
    const detector = tinyDetector();
    const changes: number[] = [];
    let before = weightsOf(detector)['conv.weight'].join();
    const onStep = ({ step }: { step: number }) => {
      const now = weightsOf(detector)['conv.weight'].join();
      if (now !== before) changes.push(step);
      before = now;
    };
    await trainTiny({ detector, iterations: 7, optimWrapper, callbacks: { onStep } });
    expect(changes).toEqual([4, 7]);
  });

  test('memory is flat over iterations and evaluations', async () => {
    const counts: number[] = [];
    const onStep = () => void counts.push(tf.memory().numTensors);
    const evaluate = async () => ({ 'coco/bbox_mAP': 0.1 });
    const before = tf.memory().numTensors;
    const detector = tinyDetector();
    await trainTiny({ detector, iterations: 12, callbacks: { onStep }, evaluate, evaluation: { interval: 3 } });
    expect(new Set(counts).size).toBe(1);
    detector.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('log, evaluations and checkpoints', () => {
  test('count iterations', async () => {
    const lines: string[] = [];
    const asked: number[] = [];
    const workDir = freshDir();
    const { result } = await trainTiny({
      iterations: 12,
      logInterval: 4,
      workDir,
      log: (line) => void lines.push(line),
      evaluate: async ({ step }) => {
        asked.push(step);
        return { 'coco/bbox_mAP': step === 8 ? 0.5 : 0.2 };
      },
      evaluation: { begin: 4, interval: 2, dynamicIntervals: [[8, 4]] },
      checkpoint: { everyIterations: 5, saveBest: 'coco/bbox_mAP' },
    });
    expect(lines.filter((line) => line.startsWith('Iter(train)')).map((line) => line.split('  ')[0])).toEqual([
      'Iter(train) [ 4/12]',
      'Iter(train) [ 8/12]',
      'Iter(train) [12/12]',
    ]);
    // every 2 from 4 on, every 4 from 8 on (which is looked at from one before), and the end
    expect(asked).toEqual([4, 6, 8, 12]);
    expect(lines).toContain('Iter(val) [8]  coco/bbox_mAP: 0.5000');
    expect(result.history.evaluations.map(({ step }) => step)).toEqual(asked);
    expect(result.best).toEqual({ metric: 'coco/bbox_mAP', epoch: 2, iteration: 8, value: 0.5 });
    expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual([
      'best',
      'iter_10',
      'iter_12',
      'iter_5',
      'last_checkpoint',
    ]);
    expect(JSON.parse(readFileSync(join(workDir, 'checkpoints/best/state.json'), 'utf8')).step).toBe(8);
    const scalars = readFileSync(join(workDir, 'scalars.jsonl'), 'utf8').trim().split('\n');
    expect(scalars.map((line) => JSON.parse(line).step)).toEqual([4, 4, 6, 8, 8, 12, 12]);
  });

  test('a checkpoint that counts epochs is written at the end alone', async () => {
    const workDir = freshDir();
    await trainTiny({ iterations: 10, workDir });
    expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['iter_10', 'last_checkpoint']);
  });

  test('a run of few iterations has one line', async () => {
    const { result } = await trainTiny({ iterations: 3, logInterval: 50 });
    expect(result.history.train.map(({ iter }) => iter)).toEqual([3]);
  });
});

describe('resume', () => {
  test('after an abort gives the same numbers, bit by bit', async () => {
    const evaluate: TinyRun['evaluate'] = async ({ step }) => ({ 'coco/bbox_mAP': step / 100 });
    const settings: TinyRun = { iterations: 12, evaluate, evaluation: { interval: 5 } };
    const whole = await trainTiny({ ...settings, workDir: freshDir() });
    // inside a pass, at its end, and in the second
    for (const at of [3, 5, 8]) {
      const workDir = freshDir();
      const stop = new AbortController();
      const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === at && stop.abort()) };
      const first = await trainTiny({ ...settings, workDir, signal: stop.signal, callbacks });
      expect(first.result).toMatchObject({ interrupted: true, step: at });
      const second = await trainTiny({ ...settings, workDir, resume: true, detector: tinyDetector(99) });
      expect(second.result).toMatchObject({ interrupted: false, epoch: 2, step: 12 });
      expect(weightsOf(second.detector)).toEqual(weightsOf(whole.detector));
      expect(withoutTimes(second.result.history.train)).toEqual(withoutTimes(whole.result.history.train));
      expect(withoutTimes(second.result.history.evaluations)).toEqual(withoutTimes(whole.result.history.evaluations));
    }
  });

  test('a run that was complete trains nothing', async () => {
    const workDir = freshDir();
    const { detector } = await trainTiny({ iterations: 10, workDir });
    const steps: number[] = [];
    const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void steps.push(step) };
    const again = await trainTiny({ iterations: 10, workDir, resume: true, callbacks });
    expect([steps, again.result.step, again.result.interrupted]).toEqual([[], 10, false]);
    expect(weightsOf(again.detector)).toEqual(weightsOf(detector));
  });

  test('a run counted in epochs is refused', async () => {
    const workDir = freshDir();
    await trainTiny({ epochs: 1, workDir });
    await expect(trainTiny({ iterations: 10, workDir, resume: true })).rejects.toThrow(
      /its unit of progress is epoch, this run's is iteration/,
    );
  });
});

describe('what counts epochs is refused', () => {
  test.each([
    [
      'a schedule',
      { paramScheduler: [{ type: 'StepLR', step_size: 1 }] },
      /param_scheduler.0 \(StepLR\).*by_epoch: false/,
    ],
    ['a freezing rule', { freezing: [{ path: 'conv', frozen: true, epoch: 2 }] }, /FreezingHook: it counts epochs/],
    [
      'a hook',
      {
        hooks: [
          registry.build(
            'hook',
            { type: 'PipelineSwitchHook', switch_epoch: 1, switch_pipeline: [{ type: 'PackDetInputs' }] },
            { path: 'custom_hooks.0' },
          ),
        ],
      },
      /PipelineSwitchHook: it counts epochs, and IterBasedTrainLoop counts iterations/,
    ],
    [
      'an average from an epoch on',
      { hooks: [registry.build('hook', { type: 'EMAHook', begin_epoch: 2 }, { path: 'custom_hooks.0' })] },
      /EMAHook: it counts epochs/,
    ],
  ])('%s', async (_, options: TinyRun, message) => {
    await expect(trainTiny({ iterations: 10, ...options })).rejects.toThrow(message);
  });

  test('a schedule converted to iterations is not', async () => {
    const paramScheduler = [{ type: 'LinearLR', by_epoch: true, end: 1, convert_to_iter_based: true }];
    const { result } = await trainTiny({ iterations: 6, logInterval: 1, paramScheduler });
    const rates = result.history.train.map(({ lr }) => lr);
    expect(rates[4]).toBeCloseTo(0.05, 9);
    expect(rates[0]).toBeLessThan(rates[3]);
  });
});

test('an abort while the loader hangs ends the run at once', async () => {
  const stop = new AbortController();
  const inner = tinyLoader();
  const loader: TinyRun['loader'] = {
    length: 5,
    async *epoch(epoch, options) {
      yield* inner.epoch(epoch, { ...options, start: 4 });
      await new Promise((resolve) => options.signal!.addEventListener('abort', resolve));
    },
  };
  setTimeout(() => stop.abort(), 50);
  const { result } = await trainTiny({ iterations: 10, loader, signal: stop.signal });
  expect(result).toMatchObject({ interrupted: true, step: 1 });
});
