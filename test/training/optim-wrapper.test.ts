import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { tinyDetector, weightsOf } from './tiny-detector';
import { trainTiny as run, tinyOptimWrapper } from './tiny-run';
import { workDirs } from './work-dirs';

const freshDir = workDirs();
beforeAll(async () => void (await startEngine()));

test('accumulated gradients step as one large batch', async () => {
  // the same two images in both batches, no randomness in the gradient of loss_bbox: compare the scheduled steps only
  const steps: number[] = [];
  const wrapper = { ...tinyOptimWrapper, accumulative_counts: 2 };
  const before = weightsOf(tinyDetector())['conv.weight'];
  const detector = tinyDetector();
  await run({
    detector,
    optimWrapper: wrapper,
    epochs: 1,
    callbacks: {
      onStep: ({ step }) => void (weightsOf(detector)['conv.weight'].join() !== before.join() && steps.push(step)),
    },
  });
  // first update after iteration 2; the fifth and last iteration closes a half group
  expect(steps).toEqual([2, 3, 4, 5]);
  const weights: string[] = [];
  const other = tinyDetector();
  await run({
    detector: other,
    optimWrapper: wrapper,
    epochs: 1,
    callbacks: { onStep: () => void weights.push(weightsOf(other)['conv.weight'].join()) },
  });
  expect(weights.map((w, i) => w === (weights[i - 1] ?? before.join()))).toEqual([true, false, true, false, false]);
});

test('resuming inside an accumulation keeps the gradients gathered so far', async () => {
  const optimWrapper = { ...tinyOptimWrapper, accumulative_counts: 4 };
  const whole = await run({ optimWrapper });
  const workDir = freshDir();
  const controller = new AbortController();
  const callbacks = { onStep: ({ step }: { step: number }) => void (step === 6 && controller.abort()) };
  await run({ optimWrapper, workDir, signal: controller.signal, callbacks });
  const { detector } = await run({ optimWrapper, workDir, resume: true });
  expect(weightsOf(detector)).toEqual(weightsOf(whole.detector));
});

test('mistakes in the optimizer wrapper are named; a frozen model is refused', async () => {
  const optimWrapper = { ...tinyOptimWrapper, clip_grads: { max_norm: 1 } };
  await expect(run({ optimWrapper })).rejects.toThrow(/unknown option "clip_grads". Did you mean "clip_grad"/);
  const frozen = tinyDetector();
  frozen.freeze();
  await expect(run({ detector: frozen })).rejects.toThrow(/every parameter of the model is frozen/);
});
