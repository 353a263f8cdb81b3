// The contract is open: a hook with a metric of its own, and one that reduces gradients over ranks, need no change to a loop.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TrainHook } from '../../../src/training/hooks/hook';
import { PRIORITIES } from '../../../src/training/hooks/priority';
import { registry } from '../registry';
import { tinyDetector, weightsOf, withoutTimes } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

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
