// Bilinear resizing of floats against OpenCV's.

import { expect, it } from 'vitest';
import { resizeBilinear } from '../../../src/data/pixels/resize-bilinear';
import { difference, floats, image } from '../transforms/golden-cases';

it('floats', () => {
  const bgr = image('image0');
  const data = Float32Array.from(bgr.data, (v) => Math.fround(v * 1.25 - 20));
  expect(difference(resizeBilinear({ ...bgr, data }, 47, 61).data, floats('float_resize')).most).toBeLessThan(1e-3);
});
