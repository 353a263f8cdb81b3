// MinIoURandomCrop against MMDetection's, for the numbers it drew.

import { expect, it } from 'vitest';
import { applyMinIoUCrop, isValidCrop } from '../../../src/data/transforms/min-iou-random-crop';
import { casesNamed, check, given, numbers } from './golden-cases';

it.each(casesNamed(/^min_iou/))('%s', (name, c) => {
  const [own] = given(c);
  const { width, height } = own.image!;
  const boxes = own.truths!.bboxes;
  // the reference's loop over its own numbers
  const draws = numbers(c);
  const next = () => draws.shift()!;
  const window = (() => {
    for (;;) {
      const least = next();
      if (least === 1) return undefined;
      for (let i = 0; i < 50; i++) {
        const [w, h] = [next(), next()];
        if (h / w < 0.5 || h / w > 2) continue;
        const [x, y] = [next(), next()];
        const [left, top] = [Math.trunc(x), Math.trunc(y)];
        const found = { left, top, width: Math.trunc(x + w) - left, height: Math.trunc(y + h) - top };
        if (isValidCrop(boxes, found, least)) return found;
      }
    }
  })();
  expect(draws).toEqual([]);
  expect(window === undefined || (window.width <= width && window.height <= height)).toBe(true);
  check(name, window ? applyMinIoUCrop(own, window) : own);
});
