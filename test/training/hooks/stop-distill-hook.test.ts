// StopDistillHook: when it has a detector stop being compared with its teacher, in a new and in a resumed run, and afterwards.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Random } from '../../../src/random';
import { registry } from '../registry';
import { TinyDetector, tinyDetector } from '../tiny-detector';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

class Distilled extends TinyDetector {
  readonly switched: [on: boolean, calls: number][] = [];
  distil(on: boolean): void {
    this.switched.push([on, this.calls]);
  }
}
const hook = (stop_epoch: number) =>
  registry.build('hook', { type: 'mmrazor.StopDistillHook', stop_epoch }, { path: '' });

test.each([
  [
    1,
    [
      [false, 5],
      [true, 15],
    ],
  ],
  [
    0,
    [
      [false, 0],
      [true, 15],
    ],
  ],
  [3, []],
])('stop_epoch %i of three epochs with five iterations', async (stop, expected) => {
  const detector = new Distilled();
  detector.initWeights(Random.seeded(1));
  await trainTiny({ detector, epochs: 3, hooks: [hook(stop)] });
  expect(detector.switched).toEqual(expected);
});

test('a detector without a distiller', async () => {
  await expect(trainTiny({ detector: tinyDetector(), epochs: 1, hooks: [hook(1)] })).rejects.toThrow(
    /Cannot use StopDistillHook: expected a detector that is distilled/,
  );
});
