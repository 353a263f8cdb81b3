// RandomChoiceResize.

import { expect, it } from 'vitest';
import { sizes } from './outlined';

it('RandomChoiceResize takes one of its scales', async () => {
  const images = await sizes({
    type: 'RandomChoiceResize',
    scales: [
      [30, 20],
      [90, 60],
    ],
    keep_ratio: true,
  });
  expect(new Set(images.map((image) => image.width))).toEqual(new Set([30, 90]));
});
