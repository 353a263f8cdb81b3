// The order of hooks: mmengine's own, noted by test/golden/generate/hook_order.py.

import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { TrainHook } from '../../../src/training/hooks/hook';
import { HookList, type HookPoint } from '../../../src/training/hooks/hook-list';
import { PRIORITIES } from '../../../src/training/hooks/priority';
import { goldenJson } from '../../golden-data';
import { tinyDetector, tinyLoader } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const golden = goldenJson<Record<'EpochBasedTrainLoop' | 'IterBasedTrainLoop', string[]>>('hook_order');
const POINTS = [
  'beforeRun',
  'beforeTrain',
  'beforeTrainEpoch',
  'beforeTrainIter',
  'afterTrainIter',
  'afterTrainEpoch',
  'beforeVal',
  'afterVal',
  'beforeSaveCheckpoint',
  'afterTrain',
  'afterRun',
] as const satisfies readonly HookPoint[];

/** Notes every call. */
function probe(level: keyof typeof PRIORITIES, events: string[]): TrainHook {
  const calls = POINTS.map((point) => [point, () => void events.push(`${point} ${level}`)]);
  return { name: 'Probe', priority: PRIORITIES[level], ...Object.fromEntries(calls) };
}

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

describe('hooks, iterations, evaluations and checkpoints come in the order of mmengine', () => {
  test.each<[keyof typeof golden, TinyRun]>([
    ['EpochBasedTrainLoop', { epochs: 2 }],
    ['IterBasedTrainLoop', { iterations: 4, evaluation: { interval: 2 }, checkpoint: { everyIterations: 2 } }],
  ])('%s', async (loop, options) => {
    const events: string[] = [];
    const detector = tinyDetector();
    const loss = detector.loss.bind(detector);
    detector.loss = (...args) => {
      events.push('train');
      return loss(...args);
    };
    const evaluate = async () => {
      events.push('evaluate');
      return { score: 1 };
    };
    const hooks = (['LOWEST', 'LOW', 'NORMAL', 'VERY_HIGH'] as const).map((level) => probe(level, events));
    await trainTiny({ detector, loader: tinyLoader(2), evaluate, hooks, workDir: freshDir(), ...options });
    expect(events).toEqual(golden[loop]);
  });
});

test('hooks of one priority are called in the order they were registered, one after the other', async () => {
  const events: string[] = [];
  const hook = (name: string, priority: number, wait = 0): TrainHook => ({
    name,
    priority,
    async beforeVal() {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      events.push(this.name);
    },
  });
  const list = new HookList([hook('c', 50, 5), hook('d', 50), hook('e', 70), hook('a', 0), hook('b', 49)]);
  await list.call('beforeVal', undefined as never);
  expect(events).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect([list.has('beforeVal'), list.has('afterVal')]).toEqual([true, false]);
});
