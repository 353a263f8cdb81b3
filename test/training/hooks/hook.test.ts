// The contract is open: what later hooks need (early stopping, a validation loss, ranks) is written against it here, without a
// change to a loop.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TrainHook } from '../../../src/training/hooks/hook';
import { PRIORITIES } from '../../../src/training/hooks/priority';
import { registry } from '../registry';
import { tinyDetector, weightsOf, withoutTimes } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

/** mmengine's EarlyStoppingHook, in short: stops once `metric` has not risen for `patience` evaluations. */
class EarlyStopping implements TrainHook {
  readonly name = 'EarlyStopping';
  priority: number = PRIORITIES.LOWEST;
  private best = Number.NEGATIVE_INFINITY;
  private waited = 0;

  constructor(
    private readonly metric: string,
    private readonly patience: number,
  ) {}

  afterVal: TrainHook['afterVal'] = (run, metrics) => {
    if (!metrics) return;
    const rises = metrics[this.metric] > this.best;
    this.waited = rises ? 0 : this.waited + 1;
    if (rises) this.best = metrics[this.metric];
    if (this.waited < this.patience) return;
    run.stopTraining = true;
    run.log(`${this.metric} has not risen for ${this.patience} evaluations`);
  };

  state() {
    return { best: this.best, waited: this.waited };
  }

  restore(state: unknown) {
    Object.assign(this, state);
  }
}

describe('early stopping', () => {
  const values = [0.1, 0.3, 0.2, 0.25, 0.4];

  test('ends a run of epochs after the evaluation that decides it, as a whole run', async () => {
    const workDir = freshDir();
    const lines: string[] = [];
    const { result } = await trainTiny({
      epochs: 5,
      workDir,
      checkpoint: { interval: 3 },
      evaluate: async ({ epoch }) => ({ AP: values[epoch - 1] }),
      hooks: [new EarlyStopping('AP', 2)],
      log: (line) => void lines.push(line),
    });
    expect(result).toMatchObject({ interrupted: false, epoch: 4, step: 20 });
    expect(result.checkpoint).toMatch(/epoch_4$/);
    expect(lines.at(-1)).toBe('AP has not risen for 2 evaluations');
  });

  test('ends a run of iterations at once', async () => {
    const { result } = await trainTiny({
      iterations: 20,
      evaluate: async ({ step }) => ({ AP: values[step / 2 - 1] }),
      evaluation: { interval: 2 },
      hooks: [new EarlyStopping('AP', 1)],
    });
    expect(result).toMatchObject({ interrupted: false, step: 6 });
  });

  test('remembers over a resume how long it has waited', async () => {
    const workDir = freshDir();
    const stop = new AbortController();
    const run = (extra: TinyRun) =>
      trainTiny({
        epochs: 5,
        workDir,
        evaluate: async ({ epoch }) => ({ AP: values[epoch - 1] }),
        hooks: [new EarlyStopping('AP', 2)],
        ...extra,
      });
    // in the fourth epoch, after one evaluation without a rise
    await run({ signal: stop.signal, callbacks: { onStep: ({ step }) => void (step === 17 && stop.abort()) } });
    const { result } = await run({ resume: true });
    expect(result).toMatchObject({ interrupted: false, epoch: 4 });
  });
});

describe('a validation loss', () => {
  /** Adds the loss of fixed batches to the metrics, of the weights that are evaluated: before EMAHook puts others back. */
  const validationLoss: () => TrainHook = () => ({
    name: 'ValidationLoss',
    priority: PRIORITIES.HIGH,
    async afterVal({ detector, loader }, metrics) {
      if (!metrics) return;
      let sum = 0;
      for await (const samples of loader.epoch(99, { start: 0 })) {
        const { inputs } = detector.preprocess(samples);
        sum += tf.tidy(() => tf.mean(tf.abs(detector.extractFeatures(inputs)[0])).dataSync()[0]);
        inputs.dispose();
      }
      metrics['loss/val'] = sum / loader.length;
    },
  });

  test('is in the log and the history', async () => {
    const lines: string[] = [];
    const before = tf.memory().numTensors;
    const { detector, result } = await trainTiny({
      evaluate: async () => ({ AP: 0.5 }),
      hooks: [validationLoss()],
      log: (line) => void lines.push(line),
    });
    const losses = result.history.evaluations.map((record) => record['loss/val']);
    expect(losses.every((loss) => loss > 0)).toBe(true);
    expect(Object.keys(result.history.evaluations[0])).toEqual(['AP', 'loss/val', 'time', 'step']);
    expect(lines.find((line) => line.startsWith('Epoch(val)'))).toMatch(/AP: 0\.5000 {2}loss\/val: 0\.\d{4}$/);
    detector.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is that of the averaged weights where there are some', async () => {
    const lossAfter = async (iterations: number, hooks: TrainHook[]) => {
      const evaluation = { interval: iterations };
      const { result } = await trainTiny({ iterations, evaluation, evaluate: async () => ({}), hooks });
      return result.history.evaluations[0]['loss/val'];
    };
    // an average starts from the weights of the first iteration; this one hardly moves
    const slow = registry.build('hook', { type: 'EMAHook', momentum: 1e-6 }, { path: 'custom_hooks.0' });
    const first = await lossAfter(1, [validationLoss()]);
    expect(await lossAfter(5, [slow, validationLoss()])).toBeCloseTo(first, 4);
    expect(await lossAfter(5, [validationLoss()])).not.toBeCloseTo(first, 2);
  });
});

describe('ranks', () => {
  /** Puts the mean over `ranks` equal processes in place of each gradient, which is what one would reduce over a network. */
  const reduce = (ranks: number, seen: number[]): TrainHook => ({
    name: 'Reduce',
    priority: PRIORITIES.NORMAL,
    async afterBackward({ state }, gradients) {
      expect(gradients).toHaveLength(state.wrapper.variables.length);
      seen.push(state.step);
      await new Promise((resolve) => setImmediate(resolve));
      for (const [i, gradient] of gradients.entries()) {
        if (!gradient) continue;
        gradients[i] = tf.tidy(() => tf.div(tf.addN(Array.from({ length: ranks }, () => gradient)), ranks));
        gradient.dispose();
      }
    },
  });

  test('reduce gradients between backward pass and update; equal ranks give the numbers of one', async () => {
    const seen: number[] = [];
    const before = tf.memory().numTensors;
    const alone = await trainTiny({ epochs: 1, logInterval: 1 });
    const ranks = await trainTiny({ epochs: 1, logInterval: 1, hooks: [reduce(2, seen)] });
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(weightsOf(ranks.detector)).toEqual(weightsOf(alone.detector));
    expect(withoutTimes(ranks.result.history.train)).toEqual(withoutTimes(alone.result.history.train));
    alone.detector.dispose();
    ranks.detector.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('change the update when they differ', async () => {
    const double: TrainHook = {
      name: 'Double',
      priority: 50,
      afterBackward(_run, gradients) {
        for (const [i, gradient] of gradients.entries()) {
          if (!gradient) continue;
          gradients[i] = tf.tidy(() => tf.mul(gradient, 2));
          gradient.dispose();
        }
      },
    };
    const optimWrapper = (lr: number) => ({ type: 'OptimWrapper', optimizer: { type: 'SGD', lr } });
    const doubled = await trainTiny({ epochs: 1, optimWrapper: optimWrapper(0.05), hooks: [double] });
    const faster = await trainTiny({ epochs: 1, optimWrapper: optimWrapper(0.1) });
    const [a, b] = [doubled, faster].map(({ detector }) => weightsOf(detector)['conv.weight']);
    for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i], 6);
  });

  test('a failure on the way leaves no tensor and ends the run', async () => {
    const detector = tinyDetector();
    await trainTiny({ detector, epochs: 1 });
    const before = tf.memory().numTensors;
    const afterBackward = () => Promise.reject(new Error('rank 1 is gone'));
    const hooks = [{ name: 'Reduce', priority: 50, afterBackward }];
    await expect(trainTiny({ detector, epochs: 1, hooks })).rejects.toThrow(/rank 1 is gone/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
