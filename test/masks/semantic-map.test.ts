// Semantic maps move with their pixels.

import { expect, test } from 'vitest';
import { cropSemantic, flipSemantic, resizeSemantic, type SemanticMap } from '../../src/masks';

const map: SemanticMap = { data: Uint8Array.of(0, 1, 2, 3, 4, 5), width: 3, height: 2 };
const rows = ({ data, width, height }: SemanticMap) =>
  Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);

test('the nearest pixel, as OpenCV chooses it', () => {
  expect(rows(resizeSemantic(map, 6, 3))).toEqual([
    [0, 0, 1, 1, 2, 2],
    [0, 0, 1, 1, 2, 2],
    [3, 3, 4, 4, 5, 5],
  ]);
  expect(rows(resizeSemantic(map, 2, 1))).toEqual([[0, 1]]);
  expect(resizeSemantic(map, 3, 2)).toBe(map);
});

test('flips', () => {
  expect(rows(flipSemantic(map, 'horizontal'))).toEqual([
    [2, 1, 0],
    [5, 4, 3],
  ]);
  expect(rows(flipSemantic(map, 'vertical'))).toEqual([
    [3, 4, 5],
    [0, 1, 2],
  ]);
  expect(rows(flipSemantic(map, 'diagonal'))).toEqual([
    [5, 4, 3],
    [2, 1, 0],
  ]);
});

test('crops, and fills what is beyond the map', () => {
  expect(rows(cropSemantic(map, { left: 1, top: 0, width: 2, height: 2 }))).toEqual([
    [1, 2],
    [4, 5],
  ]);
  expect(rows(cropSemantic(map, { left: 2, top: 1, width: 2, height: 2 }, 9))).toEqual([
    [5, 9],
    [9, 9],
  ]);
  const wide = { ...map, data: Uint16Array.from(map.data, (v) => 1000 * v) };
  expect(cropSemantic(wide, { left: 0, top: 0, width: 1, height: 1 }).data).toEqual(Uint16Array.of(0));
});
