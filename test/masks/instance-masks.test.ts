// Masks of instances.

import { expect, test } from 'vitest';
import { resizeMasks } from '../../src/masks';

test('polygons keep their corners through a change of scale', () => {
  const masks = { kind: 'polygon', height: 10, width: 20, masks: [[Float64Array.of(1, 2, 3.3, 4, 5, 6)]] } as const;
  const once = resizeMasks(resizeMasks({ ...masks, masks: [...masks.masks.map((m) => [...m])] }, 5, 10), 10, 20);
  expect([...(once.masks as Float64Array[][])[0][0]]).toEqual([1, 2, 3.3, 4, 5, 6]);
});
