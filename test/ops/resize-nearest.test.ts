// Nearest resizing against Python torch.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { resizeNearest, upsampleNearest } from '../../src/ops/resize-nearest';
import { map } from '../torch-cases';
import { asMap, checkOperation } from './check-operation';

beforeAll(async () => void (await startEngine()));

test('nearest resizing by whole factors, to odd sizes and down', () => {
  checkOperation('nearest_2x', (x) => resizeNearest(asMap(x), [6, 8]), [map('x', [2, 3, 3, 4])]);
  checkOperation('nearest_2x', (x) => upsampleNearest(asMap(x), 2), [map('x', [2, 3, 3, 4])]);
  checkOperation('nearest_odd', (x) => resizeNearest(asMap(x), [5, 7]), [map('x', [2, 3, 3, 4])]);
  checkOperation('nearest_down', (x) => resizeNearest(asMap(x), [2, 3]), [map('x', [2, 3, 5, 7])]);
});
