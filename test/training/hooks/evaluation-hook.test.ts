import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { tinyDetector } from '../tiny-detector';
import { trainTiny as run } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test('evaluations run when due, once each, and the best model is kept', async () => {
  const workDir = freshDir();
  const values = [0.2, 0.5, 0.4];
  const asked: number[] = [];
  const evaluate = async ({ epoch }: { epoch: number }) => {
    asked.push(epoch);
    return { 'coco/bbox_mAP': values[epoch - 1] };
  };
  const checkpoint = { saveBest: 'coco/bbox_mAP', maxKeep: 1 };
  const { result } = await run({ workDir, evaluate, checkpoint });
  expect(asked).toEqual([1, 2, 3]);
  expect(result.best).toEqual({ epoch: 2, metric: 'coco/bbox_mAP', value: 0.5 });
  expect(readdirSync(join(workDir, 'checkpoints')).sort()).toEqual(['best', 'epoch_3', 'last_checkpoint']);
  const best = JSON.parse(readFileSync(join(workDir, 'checkpoints/best/state.json'), 'utf8'));
  expect(best.epoch).toBe(2);
  // killed between the last checkpoint and its evaluation: the evaluation is made up for, nothing is trained
  const again = await run({ workDir, evaluate, checkpoint, resume: true });
  expect(asked).toEqual([1, 2, 3, 3]);
  expect(again.result.history.evaluations.map((e) => e['coco/bbox_mAP'])).toEqual(values);

  asked.length = 0;
  await run({ evaluate, evaluation: { interval: 2 } });
  expect(asked).toEqual([2, 3]);
});

test('evaluations see the model in evaluation mode, training goes on in training mode', async () => {
  const detector = tinyDetector();
  const modes: boolean[] = [];
  const evaluate = async () => {
    modes.push(detector.training);
    return {};
  };
  await run({ detector, evaluate, callbacks: { onStep: () => void modes.push(detector.training) }, epochs: 1 });
  expect(modes).toEqual([true, true, true, true, true, false]);
  expect(detector.training).toBe(false);
});
