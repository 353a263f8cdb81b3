// The linear assignment problem: the pairs of rows and columns of minimum total cost, as many as the shorter side has.
// Shortest augmenting paths with potentials (Jonker and Volgenant, 1987; rectangular by Crouse, 2016), O(n^2 m). Where
// several assignments cost the same, it picks the one that scipy's linear_sum_assignment picks.

import { DetLabError } from '../errors';

/** Row and column of each pair, by rising row. */
export interface Assignment {
  rows: Int32Array;
  columns: Int32Array;
}

/**
 * `cost` is row-major [rows, columns]; infinity forbids a pair.
 *
 * @example linearAssignment([4, 1, 3, 2, 0, 5], 2, 3) // rows [0, 1], columns [1, 0]
 * @throws DetLabError for a cost that is NaN or minus infinity, and when every assignment is forbidden.
 */
export function linearAssignment(cost: ArrayLike<number>, rows: number, columns: number): Assignment {
  if (cost.length !== rows * columns)
    throw new DetLabError(
      `Cannot assign ${rows} rows to ${columns} columns: expected ${rows * columns} costs, received ${cost.length}`,
    );
  for (let i = 0; i < cost.length; i++)
    if (Number.isNaN(cost[i]) || cost[i] === Number.NEGATIVE_INFINITY)
      throw new DetLabError(
        `Cannot assign ${rows} rows to ${columns} columns: the cost of row ${Math.floor(i / columns)} and column ` +
          `${i % columns} is ${cost[i]}. A prediction that is not finite means that training has diverged`,
      );
  if (columns >= rows) {
    const columnOf = solve((i, j) => cost[i * columns + j], rows, columns);
    return { rows: Int32Array.from(columnOf.keys()), columns: columnOf };
  }
  const rowOf = solve((i, j) => cost[j * columns + i], columns, rows);
  const order = Int32Array.from(rowOf.keys()).sort((a, b) => rowOf[a] - rowOf[b]);
  return { rows: order.map((column) => rowOf[column]), columns: order };
}

/** Column of each row, for no more rows than columns. */
function solve(cost: (row: number, column: number) => number, rows: number, columns: number): Int32Array {
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns);
  const columnOf = new Int32Array(rows).fill(-1);
  const rowOf = new Int32Array(columns).fill(-1);
  const distance = new Float64Array(columns); // length of the shortest path to a column
  const previous = new Int32Array(columns); // the row that path comes from
  const open = new Int32Array(columns); // columns not yet reached for good
  const visitedRows = new Uint8Array(rows);
  const closed = new Uint8Array(columns);
  for (let start = 0; start < rows; start++) {
    distance.fill(Number.POSITIVE_INFINITY);
    visitedRows.fill(0);
    closed.fill(0);
    for (let k = 0; k < columns; k++) open[k] = columns - 1 - k; // from the last column: decides between equals
    let remaining = columns;
    let length = 0;
    let sink = -1;
    for (let row = start; sink < 0; ) {
      visitedRows[row] = 1;
      let best = -1;
      let minimum = Number.POSITIVE_INFINITY;
      for (let k = 0; k < remaining; k++) {
        const j = open[k];
        const through = length + cost(row, j) - rowPotential[row] - columnPotential[j];
        if (through < distance[j]) {
          distance[j] = through;
          previous[j] = row;
        }
        // of equally near columns a free one ends the path
        if (distance[j] < minimum || (distance[j] === minimum && rowOf[j] < 0)) {
          minimum = distance[j];
          best = k;
        }
      }
      length = minimum;
      if (length === Number.POSITIVE_INFINITY)
        throw new DetLabError(`Cannot assign ${rows} rows to ${columns} columns: every assignment is forbidden`);
      const j = open[best];
      if (rowOf[j] < 0) sink = j;
      else row = rowOf[j];
      closed[j] = 1;
      open[best] = open[--remaining];
    }
    rowPotential[start] += length;
    for (let i = 0; i < rows; i++) if (visitedRows[i] && i !== start) rowPotential[i] += length - distance[columnOf[i]];
    for (let j = 0; j < columns; j++) if (closed[j]) columnPotential[j] -= length - distance[j];
    for (let j = sink, row = -1; row !== start; ) {
      row = previous[j];
      rowOf[j] = row;
      const next = columnOf[row];
      columnOf[row] = j;
      j = next;
    }
  }
  return columnOf;
}
