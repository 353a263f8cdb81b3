// The best class of each row of a table of scores, in plain arrays.

/**
 * Largest of the first `numClasses` scores of every row, and its class; the first of those that tie. NaN is chosen only where nothing else is.
 *
 * @param scores row-major [n, columns]
 * @example bestClass(Float32Array.of(0.1, 0.7, 0.2), 3, 2) // { scores: [0.7], labels: [1] }
 */
export function bestClass(
  scores: Float32Array,
  columns: number,
  numClasses = columns,
): { scores: Float32Array; labels: Int32Array } {
  const labels = new Int32Array(scores.length / columns);
  for (let i = 0, row = 0; i < labels.length; i++, row += columns) {
    let best = scores[row];
    for (let c = 1; c < numClasses; c++) {
      const score = scores[row + c];
      if (!(score > best || Number.isNaN(best))) continue;
      best = score;
      labels[i] = c;
    }
    if (Number.isNaN(best)) labels[i] = 0;
  }
  return { scores: Float32Array.from(labels, (c, i) => scores[i * columns + c]), labels };
}
