// Linear steps composed along each axis, against the steps one after the other in full arrays.

import { expect, test } from 'vitest';
import {
  type AxisMap,
  alignedAxis,
  bilinearAxis,
  composeAxes,
  cropAxis,
  decodeRle,
  resampleMask,
} from '../../src/masks';
import { Random } from '../../src/random';

const apply = ({ start, weights, taps }: AxisMap, values: readonly number[]): number[] =>
  Array.from(start, (first, i) => {
    let sum = 0;
    for (let k = 0; k < taps; k++) sum += weights[i * taps + k] * (values[first + k] ?? 0);
    return sum;
  });
const ramp = [1, 4, 2, 8, 5, 7];

test('bilinear: half-pixel centres, clamped at the ends', () => {
  expect(apply(bilinearAxis(2, 4), [0, 1])).toEqual([0, 0.25, 0.75, 1]);
  expect(apply(bilinearAxis(4, 2), [0, 1, 2, 3])).toEqual([0.5, 2.5]);
  expect(apply(bilinearAxis(3, 1), [0, 1, 2])).toEqual([1]);
});

test('aligned: the corners of the grid stay, the first values repeat', () => {
  expect(apply(alignedAxis(3, 2), [0, 2, 4])).toEqual([0, 0, 1, 2, 3, 4]);
  expect(apply(alignedAxis(2, 4), [0, 4])).toEqual([0, 0, 0, 1, 2, 3, 4, 4]);
});

test.each([
  [bilinearAxis(6, 24), bilinearAxis(17, 31)],
  [bilinearAxis(6, 24), bilinearAxis(17, 5)],
  [alignedAxis(6, 4), bilinearAxis(17, 17)],
  [alignedAxis(6, 4), bilinearAxis(17, 9)],
])('composed maps equal the maps one after the other (%#)', (up, resize) => {
  const cropped = cropAxis(up, 3, 17);
  const whole = apply(composeAxes(cropped, resize), ramp);
  for (const [i, v] of apply(resize, apply(cropped, ramp)).entries()) expect(whole[i]).toBeCloseTo(v, 12);
});

test('the mask is what is above the threshold of both maps together', () => {
  const random = Random.seeded(4);
  const [h, w] = [7, 9];
  const grid = Float32Array.from({ length: h * w }, () => random.uniform());
  const rows = composeAxes(cropAxis(bilinearAxis(h, 28), 0, 26), bilinearAxis(26, 40));
  const columns = bilinearAxis(w, 20);
  const byRow = Array.from({ length: h }, (_, y) => apply(columns, [...grid.subarray(y * w, (y + 1) * w)]));
  const expected = Array.from({ length: 40 }, () => Array<number>(20));
  for (let x = 0; x < 20; x++)
    apply(
      rows,
      byRow.map((row) => row[x]),
    ).forEach((v, y) => {
      expected[y][x] = v > 0.7 ? 1 : 0;
    });
  expect([...decodeRle(resampleMask(grid, [h, w], { rows, columns }, 0.7))]).toEqual(expected.flat());
  expect(expected.flat().includes(1)).toBe(true);
});

test('a grid below the threshold gives an empty mask', () => {
  const axes = { rows: bilinearAxis(2, 6), columns: bilinearAxis(3, 5) };
  expect(resampleMask(new Float32Array(6).fill(0.5), [2, 3], axes, 0.5)).toMatchObject({ height: 6, width: 5 });
  expect(decodeRle(resampleMask(new Float32Array(6).fill(0.5), [2, 3], axes, 0.5)).includes(1)).toBe(false);
});
