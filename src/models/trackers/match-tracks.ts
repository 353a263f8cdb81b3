// Which detection continues which track: costs of pairs by overlap and class, and the assignment of least total cost (lap's lapjv
// with a limit). Single precision, as PyTorch.

import type { Detections } from '../../data/types';
import { bboxOverlaps, takeBoxes } from '../../geometry/boxes';
import { linearAssignment } from '../../geometry/linear-assignment';
import type { BoxState } from './box-filter';

const f = Math.fround;

/** Indices of the scores above a threshold. */
export function above(scores: Float32Array, threshold: number): number[] {
  return Array.from(scores.keys()).filter((i) => scores[i] > f(threshold));
}

export function stateOf([x1, y1, x2, y2]: ArrayLike<number> & Iterable<number>): BoxState {
  const [w, h] = [f(x2 - x1), f(y2 - y1)];
  return [f(f(x2 + x1) / 2), f(f(y2 + y1) / 2), f(w / h), h];
}

export function boxOf([x, y, aspect, h]: BoxState): number[] {
  const [cx, cy, height] = [f(x), f(y), f(h)];
  const width = f(f(aspect) * height);
  return [cx - f(width / 2), cy - f(height / 2), cx + f(width / 2), cy + f(height / 2)];
}

/** Where a track is looked for, xyxy, and its class. */
export interface ExpectedBox {
  box: ArrayLike<number>;
  label: number;
}

/** Cost of a pair of different classes. */
const OTHER_CLASS = 1e6;

/** 1 - IoU of every track and every detection of `indices`, row-major; the IoU times the score where it is weighted. */
export function pairCosts(
  tracks: readonly ExpectedBox[],
  { bboxes, scores, labels }: Detections,
  indices: readonly number[],
  isWeighted: boolean,
): Float32Array {
  const expected = Float32Array.from(tracks.flatMap(({ box }) => Array.from(box)));
  const overlaps = bboxOverlaps(expected, takeBoxes(bboxes, indices));
  return Float32Array.from(overlaps, (overlap, k) => {
    const index = indices[k % indices.length];
    const { label } = tracks[Math.floor(k / indices.length)];
    const counted = isWeighted ? f(overlap * scores[index]) : overlap;
    return f(1 - counted) + (labels[index] === label ? 0 : OTHER_CLASS);
  });
}

/** Pairs of least total cost, where leaving a row and a column alone costs `limit` together. */
export function matchedPairs(
  costs: ArrayLike<number>,
  rows: number,
  columns: number,
  limit: number,
): [row: number, column: number][] {
  if (rows === 0 || columns === 0) return [];
  const size = rows + columns;
  const extended = new Float64Array(size * size).fill(limit / 2);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) extended[i * size + j] = costs[i * columns + j];
  for (let i = rows; i < size; i++) extended.fill(0, i * size + columns, (i + 1) * size);
  const { rows: of, columns: to } = linearAssignment(extended, size, size);
  return Array.from(of, (row, k): [number, number] => [row, to[k]]).filter(
    ([row, column]) => row < rows && column < columns,
  );
}

/**
 * Pairs of least total cost, as many as there can be; NaN forbids a pair. As motmetrics, a forbidden pair costs more than any
 * assignment without one, and is left out of the result.
 */
export function finitePairs(
  costs: Float32Array | Float64Array,
  rows: number,
  columns: number,
): [row: number, column: number][] {
  const finite = Array.from(costs).filter(Number.isFinite);
  if (finite.length === 0) return [];
  const largest = finite.reduce((most, cost) => Math.max(most, Math.abs(cost)), 0) + 1;
  const forbidden = 2 * Math.min(rows, columns) * largest + 1;
  const filled = costs.map((cost) => (Number.isFinite(cost) ? cost : forbidden));
  const { rows: of, columns: to } = linearAssignment(filled, rows, columns);
  return Array.from(of, (row, k): [number, number] => [row, to[k]]).filter(([row, column]) =>
    Number.isFinite(costs[row * columns + column]),
  );
}
