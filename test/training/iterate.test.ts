import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { tinyDetector, weightsOf } from './tiny-detector';
import { trainTiny as run } from './tiny-run';

beforeAll(async () => void (await startEngine()));

test('a loss that is not finite stops with its name, the images and the learning rate; the weights stay finite', async () => {
  const detector = tinyDetector();
  detector.poisonFrom = 7;
  await expect(run({ detector })).rejects.toThrow(
    /loss_bbox is NaN at epoch 2, iteration 2, learning rate 0\.05\d*, images "image-1-0.jpg", "image-1-1.jpg"/,
  );
  expect(weightsOf(detector)['conv.weight'].every(Number.isFinite)).toBe(true);
});
