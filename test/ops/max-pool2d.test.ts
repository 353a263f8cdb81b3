// Max pooling against Python torch.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { maxPool2d } from '../../src/ops/max-pool2d';
import { map } from '../torch-cases';
import { asMap, checkOperation } from './check-operation';

beforeAll(async () => void (await startEngine()));

test('max pooling rounds down, up, and drops a window that starts in the padding', () => {
  const size: [number, number] = [3, 3];
  checkOperation('max_pool_floor', (x) => maxPool2d(asMap(x), { size, strides: [2, 2], padding: [1, 1] }), [
    map('x', [2, 3, 8, 7]),
  ]);
  checkOperation(
    'max_pool_ceil',
    (x) => maxPool2d(asMap(x), { size, strides: [2, 2], padding: [1, 1], ceilMode: true }),
    [map('x', [1, 2, 8, 7])],
  );
  checkOperation(
    'max_pool_ceil_drop',
    (x) => maxPool2d(asMap(x), { size: [2, 2], strides: [3, 3], padding: [1, 1], ceilMode: true }),
    [map('x', [1, 2, 7, 5])],
  );
});
