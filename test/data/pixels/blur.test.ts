// Blurs against OpenCV's.

import { expect, it } from 'vitest';
import { meanBlur, medianBlur } from '../../../src/data/pixels/blur';
import { bytes, difference, image } from '../transforms/golden-cases';

it.each([3, 5, 7])('blurred over %i pixels', (size) => {
  expect(difference(meanBlur(image('image3'), size).data, bytes(`blur_${size}`)).most).toBe(0);
  expect(difference(medianBlur(image('image3'), size).data, bytes(`median_${size}`)).most).toBe(0);
});
