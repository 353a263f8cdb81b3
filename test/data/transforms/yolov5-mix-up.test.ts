// YOLOv5MixUp against MMYOLO's, for the numbers it drew, and its weights.

import { expect, it, test } from 'vitest';
import { applyYOLOv5MixUp, drawBeta } from '../../../src/data/transforms/yolov5-mix-up';
import { Random } from '../../../src/random';
import { cases, check, given, numbers } from './golden-cases';

test('mixup_yolov5', () => {
  const c = cases.mixup_yolov5;
  const [own, other] = given(c);
  check('mixup_yolov5', applyYOLOv5MixUp(own, other, numbers(c).at(-1)!));
});

it('weights of YOLOv5MixUp follow the beta distribution', () => {
  const random = Random.seeded(1);
  const found = Array.from({ length: 4000 }, () => drawBeta(32, 32, random));
  const mean = found.reduce((a, b) => a + b) / found.length;
  const variance = found.reduce((a, b) => a + (b - mean) ** 2, 0) / found.length;
  expect(mean).toBeCloseTo(0.5, 2);
  expect(variance).toBeCloseTo(0.25 / 65, 3);
  expect(found.every((v) => v > 0 && v < 1)).toBe(true);
});
