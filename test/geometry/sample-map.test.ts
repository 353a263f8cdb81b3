import { expect, test } from 'vitest';
import { addMaps, resizeMap, sampleMap } from '../../src/geometry/sample-map';

const map = { values: Float32Array.of(0, 1, 2, 3), height: 2, width: 2 };

test('cells have their value at their center; between them it is interpolated, at the border it stays', () => {
  expect(sampleMap(map, 0.25, 0.75)).toBe(1);
  expect(sampleMap(map, 0.5, 0.5)).toBe(1.5);
  expect(sampleMap(map, 0, 0)).toBe(0);
  expect(sampleMap(map, 1, 1)).toBe(3);
});

test('is resized, and added up on the finest grid', () => {
  expect([...resizeMap(map, 1, 1).values]).toEqual([1.5]);
  const sum = addMaps([map, { values: Float32Array.of(10), height: 1, width: 1 }]);
  expect([...sum.values]).toEqual([10, 11, 12, 13]);
});
