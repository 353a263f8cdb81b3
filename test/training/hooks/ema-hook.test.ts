// Averaged weights in a run, its checkpoints and its resume.

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { readCheckpoint } from '../../../src/training/checkpoint';
import { EMAHook } from '../../../src/training/hooks/ema-hook';
import { registry } from '../registry';
import { tinyDetector, weightsOf, withoutTimes } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

function emaHook(cfg: object): EMAHook {
  const hook = registry.build('hook', { type: 'EMAHook', ...cfg }, { path: 'custom_hooks.0' });
  if (!(hook instanceof EMAHook)) throw new Error('no EMAHook');
  return hook;
}

const folder = workDirs()();
beforeAll(async () => void (await startEngine()));

describe('in a run', () => {
  const average = { ema_type: 'ExpMomentumEMA', momentum: 0.1, gamma: 5, update_buffers: true };

  async function run(workDir: string, { hooks = [emaHook(average)], ...extra }: TinyRun = {}) {
    const detector = tinyDetector();
    const evaluated: number[][] = [];
    const { result } = await trainTiny({
      detector,
      hooks,
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
    const { detector: plain } = await trainTiny();
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
        callbacks: { onStep: ({ step }) => void (step === at && stop.abort()) },
      });
      expect(first.result.step).toBe(at);
      const second = await run(workDir, { resume: true });
      expect(weightsOf(second.detector)).toEqual(weightsOf(whole.detector));
      expect(withoutTimes(second.result.history.train)).toEqual(withoutTimes(whole.result.history.train));
      expect(second.evaluated.at(-1)).toEqual(whole.evaluated.at(-1));
    }
  });

  test('a model left by a failure is the average, and nothing else is left of the run', async () => {
    const detector = tinyDetector();
    await trainTiny({ detector, epochs: 1 });
    const before = tf.memory().numTensors;
    const evaluate = () => Promise.reject(new Error('out of disk'));
    await expect(trainTiny({ detector, epochs: 1, hooks: [emaHook(average)], evaluate })).rejects.toThrow(
      /out of disk/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  test('weights that are averages are not gone on from without one; other weights start an average', async () => {
    await expect(run(join(folder, 'b'), { resume: true, hooks: [] })).rejects.toThrow(/EMAHook/);
    const workDir = join(folder, 'd');
    await trainTiny({ workDir, epochs: 1 });
    const lines: string[] = [];
    await run(workDir, { resume: true, log: (line) => void lines.push(line) });
    expect(lines).toContain('the checkpoint holds no averaged weights: averaging starts from its model');
  });
});

test("an average that would never begin is refused, and a momentum that is torch's is said", async () => {
  const log: string[] = [];
  const never = [emaHook({ begin_iter: 100 })];
  await expect(trainTiny({ epochs: 1, hooks: never })).rejects.toThrow(
    /begin_iter of EMAHook is 100, and the run ends after 5/,
  );
  await expect(trainTiny({ epochs: 1, hooks: [emaHook({ begin_epoch: 2 })] })).rejects.toThrow(
    /begin_epoch of EMAHook is 2/,
  );
  await trainTiny({ epochs: 1, hooks: [emaHook({ momentum: 0.9999 })], log: (line) => void log.push(line) });
  expect(log).toContainEqual(expect.stringMatching(/^EMAHook: momentum 0.9999 is the share of the newest weights/));
});

test('mistakes in its options are named', () => {
  expect(() => emaHook({ ema_type: 'StochasticWeightAverage', gamma: 3 })).toThrow(/only .* have a gamma/);
  expect(() => emaHook({ momentun: 0.1 })).toThrow(/momentum/);
  expect(() => emaHook({ begin_iter: 3, begin_epoch: 2 })).toThrow(/both/);
});
