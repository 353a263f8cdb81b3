// MlvlPointGenerator against MMDetection's (prior_generators.safetensors).

import { test } from 'vitest';
import { build, expectGrid } from './cases';

test.each([
  ['pt05', 0.5],
  ['pt0', 0],
])('%s: points at %d of the stride', (name, offset) => {
  const points = build({ type: 'MlvlPointGenerator', strides: [8, 16, 32], offset }).gridPriors([
    [4, 5],
    [2, 3],
    [1, 2],
  ]);
  for (const [level, grid] of points.entries()) expectGrid(grid, `${name}.l${level}`);
});
