import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { tinyDetector, weightsOf } from '../tiny-detector';
import { type TinyRun, trainTiny } from '../tiny-run';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

const freezing = [
  { path: 'head', frozen: true, epoch: 2 },
  { path: 'head.scale', frozen: false, epoch: 3 },
];

test('parts freeze and train from the epochs of their rules on, each with a line', async () => {
  const detector = tinyDetector();
  const lines: string[] = [];
  const scales = [weightsOf(detector)['head.scale'].join()];
  const onStep = () => void scales.push(weightsOf(detector)['head.scale'].join());
  await trainTiny({ detector, freezing, callbacks: { onStep }, log: (line) => void lines.push(line) });
  const moved = scales.slice(1).map((scale, i) => scale !== scales[i]);
  expect(moved).toEqual([5, 5, 5].flatMap((count, epoch) => Array.from({ length: count }, () => epoch !== 1)));
  expect(lines.filter((line) => line.startsWith('epoch'))).toEqual([
    'epoch 2: head is frozen from here on',
    'epoch 3: head.scale trains from here on',
  ]);
});

test('a resumed run catches up with the rules of the epochs done, and of the one in hand', async () => {
  const whole = await trainTiny({ freezing });
  for (const at of [5, 7, 10, 12]) {
    const workDir = freshDir();
    const stop = new AbortController();
    const callbacks: TinyRun['callbacks'] = { onStep: ({ step }) => void (step === at && stop.abort()) };
    await trainTiny({ freezing, workDir, signal: stop.signal, callbacks });
    const { detector } = await trainTiny({ freezing, workDir, resume: true });
    expect(weightsOf(detector), `step ${at}`).toEqual(weightsOf(whole.detector));
  }
});
