// Samples of noise: seeded, with boxes and masks inside the image.

import { expect, test } from 'vitest';
import { noiseSample } from '../../src/data/noise-sample';

const options = { width: 60, height: 40, boxes: 5, classes: 3 };

test('boxes are inside the image, of the classes, with an ellipse each', () => {
  const { image, truths, meta } = noiseSample(4, options);
  expect([image.data.length, image.width, image.height]).toEqual([60 * 40 * 3, 60, 40]);
  expect(meta).toMatchObject({ imgId: 4, imgShape: [40, 60] });
  expect([truths.bboxes.length, truths.labels.length, truths.ignored.length]).toEqual([20, 5, 5]);
  for (let k = 0; k < 5; k++) {
    const [x1, y1, x2, y2] = truths.bboxes.subarray(4 * k, 4 * k + 4);
    expect(x1 >= 0 && y1 >= 0 && x2 <= 60 && y2 <= 40 && x2 > x1 && y2 > y1).toBe(true);
    expect(truths.labels[k]).toBeLessThan(3);
    const [outline] = truths.masks!.masks[k] as Float64Array[];
    const xs = Array.from(outline).filter((_, i) => i % 2 === 0);
    expect(Math.min(...xs)).toBeCloseTo(x1, 4);
    expect(Math.max(...xs)).toBeCloseTo(x2, 4);
  }
});

test('the id is the seed', () => {
  expect(noiseSample(1, options)).toEqual(noiseSample(1, options));
  expect(noiseSample(1, options).image.data).not.toEqual(noiseSample(2, options).image.data);
});
