// RandomCenterCropPad: numbers of MMDetection's for given crops, boxes that stay, and the border of test images.

import { expect, test } from 'vitest';
import { findModuleProblems } from '../../../src/catalogue/check-model';
import {
  applyCenterCrop,
  centerBorder,
  drawCenterCrop,
  RandomCenterCropPad,
} from '../../../src/data/transforms/random-center-crop-pad';
import { type Sample, sampleOf } from '../../../src/data/transforms/sample';
import { catalogue } from '../../../src/lab/catalogue';
import { Random } from '../../../src/random';
import { build } from './small-sample';

const colours = { mean: [1, 2, 3], std: [1, 1, 1], to_rgb: true };
const training = { type: 'RandomCenterCropPad', crop_size: [40, 30], ratios: [1], test_pad_mode: null, ...colours };
const testing = { type: 'RandomCenterCropPad', ratios: null, border: null, test_mode: true, ...colours };

/** 24 x 33 pixels that count from 0, with a box at the top left, one in the middle and one at the right edge. */
function sample(): Sample {
  const [height, width] = [24, 33];
  const truths = {
    bboxes: Float32Array.of(0, 0, 6, 6, 12, 6, 22, 18, 28, 8, 33, 20),
    labels: Int32Array.of(0, 1, 2),
    ignored: new Uint8Array(3),
  };
  const record = { id: 1, path: 'a', width, height, truths, areas: new Float32Array(3), annotationIds: [1, 2, 3] };
  const data = Float32Array.from({ length: height * width * 3 }, (_, i) => i);
  return { ...sampleOf(record), image: { data, width, height, order: 'bgr' }, truths };
}
const sum = ({ image }: Sample) => Array.from(image!.data).reduce((a, b) => a + b, 0);

test('the border of the range of centers', () => {
  const sizes = [20, 37, 64, 100, 128, 200, 255, 256, 257, 300, 512, 640, 1000];
  const borders = [8, 16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 128, 128];
  expect(sizes.map((size) => centerBorder(128, size))).toEqual(borders);
});

test.each([
  [{ x: 30, y: 5, width: 40, height: 30 }, 1390650],
  [{ x: 3, y: 20, width: 21, height: 17 }, 820908],
  [{ x: 16, y: 12, width: 40, height: 30 }, 2823948],
])('crop %o', (crop, pixels) => {
  const { type: _, ...options } = training;
  const result = applyCenterCrop(sample(), crop, RandomCenterCropPad.options.parse(options));
  expect([result.meta.imgShape, sum(result)]).toEqual([[crop.height, crop.width], pixels]);
});

test('boxes whose center is in the crop move with it and are clipped', () => {
  const { type: _, ...options } = training;
  const crop = { x: 30, y: 5, width: 40, height: 30 };
  const { truths } = applyCenterCrop(sample(), crop, RandomCenterCropPad.options.parse(options));
  expect([...truths!.labels]).toEqual([1, 2]);
  expect([...truths!.bboxes]).toEqual([2, 16, 12, 28, 18, 18, 23, 30]);
});

test('drawn crops have a box', () => {
  const random = Random.seeded(3);
  const options = { crop_size: [10, 10] as [number, number], ratios: [0.6, 1], border: 8 };
  for (let i = 0; i < 50; i++) {
    const crop = drawCenterCrop(sample().truths!.bboxes, { width: 33, height: 24 }, options, random)!;
    const near = [
      [3, 3],
      [17, 12],
      [30.5, 14],
    ].some(([x, y]) => Math.abs(x - crop.x) < 5 && Math.abs(y - crop.y) < 5);
    expect(near).toBe(true);
  }
});

test.each([
  [{ test_pad_mode: ['logical_or', 31], test_pad_add_pix: 1 }, [32, 64], [4, 16], 2829036],
  [{ test_pad_mode: ['size_divisor', 10] }, [30, 40], [3, 4], 2823948],
])('at test time with %o', async (more, shape, border, pixels) => {
  const result = (await build({ ...testing, ...more })(sample(), Random.seeded(0)))!;
  const [top, , left] = result.meta.padParam!;
  expect([result.meta.imgShape, [top, left], sum(result)]).toEqual([shape, border, pixels]);
  expect([...result.truths!.bboxes.subarray(0, 2)]).toEqual([border[1], border[0]]);
});

test('settings of the other mode are errors', () => {
  const problems = (config: object) => findModuleProblems(config, catalogue, 'transform', 'step').length;
  expect([training, testing].map(problems)).toEqual([0, 0]);
  expect(
    [
      { ...training, test_pad_mode: ['logical_or', 31] },
      { ...testing, border: 128 },
    ].map(problems),
  ).toEqual([1, 1]);
});
