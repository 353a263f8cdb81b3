import { expect, test } from 'vitest';
import { linearAssignment } from '../../src/geometry/linear-assignment';
import { golden, goldenJson, u01 } from '../golden-data';

const { tensors } = golden('assigners');
const data = (name: string) => tensors.get(name)!.data as Float32Array;

test('equals scipy', () => {
  const { rows, columns } = linearAssignment(data('lsa.cost'), 30, 20);
  expect([...rows]).toEqual([...data('lsa.row')]);
  expect([...columns]).toEqual([...data('lsa.col')]);
});

interface Tied {
  rows: number;
  columns: number;
  levels: number;
  row: number[];
  column: number[];
}
test.each(goldenJson<{ assignments: Tied[] }>('detr_family').assignments.map((a, k) => [k, a] as const))(
  'chooses as scipy does where many are equal (%i)',
  (k, { rows, columns, levels, row, column }) => {
    const cost = Float64Array.from({ length: rows * columns }, (_, i) => Math.floor(u01(`cost${k}`, i) * levels));
    const found = linearAssignment(cost, rows, columns);
    expect([...found.rows]).toEqual(row);
    expect([...found.columns]).toEqual(column);
  },
);

test('is the minimum of all assignments', () => {
  for (const [rows, columns] of [
    [5, 5],
    [4, 6],
    [6, 4],
  ]) {
    const cost = Array.from({ length: rows * columns }, (_, i) => u01(`all${rows}`, i));
    const found = linearAssignment(cost, rows, columns);
    const total = found.rows.reduce((sum, row, i) => sum + cost[row * columns + found.columns[i]], 0);
    expect(total).toBeCloseTo(minimum(cost, rows, columns), 12);
  }
});

test('none, one and forbidden pairs', () => {
  expect(linearAssignment([], 0, 4).rows.length).toBe(0);
  expect(linearAssignment([], 3, 0).columns.length).toBe(0);
  const infinity = Number.POSITIVE_INFINITY;
  expect([...linearAssignment([infinity, 1, 2, infinity], 2, 2).columns]).toEqual([1, 0]);
  expect(() => linearAssignment([infinity, infinity, 1, 2], 2, 2)).toThrow(/every assignment is forbidden/);
  expect(() => linearAssignment([1, Number.NaN], 1, 2)).toThrow(/row 0 and column 1 is NaN/);
  expect(() => linearAssignment([1, 2, 3], 2, 2)).toThrow(/expected 4 costs, received 3/);
});

/** By trying all of them. */
function minimum(cost: number[], rows: number, columns: number): number {
  if (rows > columns) {
    const turned = Array.from({ length: rows * columns }, (_, k) => cost[(k % rows) * columns + Math.floor(k / rows)]);
    return minimum(turned, columns, rows);
  }
  const visit = (row: number, used: Set<number>): number => {
    if (row === rows) return 0;
    let best = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      if (used.has(j)) continue;
      best = Math.min(best, cost[row * columns + j] + visit(row + 1, new Set([...used, j])));
    }
    return best;
  };
  return visit(0, new Set());
}
