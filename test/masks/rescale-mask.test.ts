// Masks of 0 and 1 are resized as images of three channels are, which equal OpenCV's.

import { expect, test } from 'vitest';
import { resizeBilinear } from '../../src/data/pixels/resize-bilinear';
import { encodeRle, rescaleMask } from '../../src/masks';
import { Random } from '../../src/random';

test.each([
  [32, 24, 1 / 4],
  [32, 24, 1 / 2],
  [30, 21, 1 / 4],
  [30, 21, 1 / 3],
  [17, 40, 1 / 8],
  [16, 16, 1],
])('%i x %i by %f', (height, width, scale) => {
  const random = Random.seeded(height);
  const bits = Uint8Array.from({ length: height * width }, () => (random.uniform() < 0.5 ? 1 : 0));
  const small = rescaleMask(encodeRle(bits, height, width), scale);
  const image = {
    data: Uint8Array.from({ length: 3 * bits.length }, (_, i) => bits[Math.floor(i / 3)]),
    width,
    height,
  };
  const expected = resizeBilinear({ ...image, order: 'bgr' }, small.width, small.height);
  expect([small.height, small.width]).toEqual([height, width].map((side) => Math.floor(side * scale + 0.5)));
  expect([...small.data]).toEqual([...expected.data.filter((_, i) => i % 3 === 0)]);
});
