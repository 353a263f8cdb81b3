// Distances of embeddings, and their mean: single precision, as PyTorch and numpy.

const f = Math.fround;

/** @param rows at least one, of one length */
export function meanRows(rows: readonly Float32Array[]): Float32Array {
  const sum = rows.slice(1).reduce((total, row) => total.map((v, k) => v + row[k]), rows[0]);
  return sum.map((v) => v / rows.length);
}

/** Row-major [a, b]. */
export const euclideanDistances = (a: readonly Float32Array[], b: readonly Float32Array[]): Float32Array =>
  pairwise(a, b, (x, y) => Math.sqrt(x.reduce((sum, v, k) => sum + (v - y[k]) ** 2, 0)));

/** 1 - cosine, row-major [a, b]. */
export function cosineDistances(a: readonly Float32Array[], b: readonly Float32Array[]): Float32Array {
  const unit = (row: Float32Array) => {
    const length = f(Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)));
    return row.map((v) => v / length);
  };
  return pairwise(a.map(unit), b.map(unit), (x, y) => 1 - f(x.reduce((sum, v, k) => sum + v * y[k], 0)));
}

const pairwise = (
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  distance: (x: Float32Array, y: Float32Array) => number,
): Float32Array => Float32Array.from(a.flatMap((x) => b.map((y) => distance(x, y))));
