// RandomResize.

import { expect, it } from 'vitest';
import { buildPipeline } from '../../../src/data/pipeline';
import { sizes } from './outlined';

it('RandomResize draws between two scales, or a multiple of one', async () => {
  const between = await sizes({
    type: 'RandomResize',
    scale: [
      [200, 20],
      [200, 30],
    ],
    keep_ratio: true,
  });
  const heights = new Set(between.map((image) => image.height));
  expect(Math.min(...heights)).toBe(20);
  expect(Math.max(...heights)).toBe(30);
  const multiples = await sizes({ type: 'RandomResize', scale: [60, 40], ratio_range: [0.5, 2] });
  for (const { width, height } of multiples) {
    expect(width).toBeGreaterThanOrEqual(30);
    expect(width).toBeLessThanOrEqual(120);
    expect(Math.abs(height - (width * 2) / 3)).toBeLessThan(1.5);
  }
  expect(() => buildPipeline([{ type: 'RandomResize', scale: [60, 40] }, { type: 'PackDetInputs' }])).toThrow(
    /ratio_range/,
  );
});
