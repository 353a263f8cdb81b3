// Maps of the plane as 3 x 3 matrices, in single precision as numpy's and PyTorch's of MMDetection.

const f = Math.fround;

/** 3 x 3, row-major. */
export type Matrix = Float32Array;

export function multiply(a: Matrix, b: Matrix): Matrix {
  return Float32Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [i - (i % 3), i % 3];
    return f(f(f(a[row] * b[column]) + f(a[row + 1] * b[column + 3])) + f(a[row + 2] * b[column + 6]));
  });
}

/** The image of point (x, y) under `m`. */
export function project(m: Matrix, x: number, y: number): [number, number] {
  const dot = (row: number) => f(f(f(m[row] * x) + f(m[row + 1] * y)) + m[row + 2]);
  const w = dot(6);
  return [f(dot(0) / w), f(dot(3) / w)];
}

/** The axis-aligned boxes around the projected corners. */
export function projectBoxes(m: Matrix, boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = boxes.subarray(i, i + 4);
    const corners = [project(m, x1, y1), project(m, x2, y1), project(m, x1, y2), project(m, x2, y2)];
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    out.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], i);
  }
  return out;
}

/** The map back. */
export function inverted(m: Matrix): Matrix {
  const minor = (r: number, c: number) => {
    const [a, b] = [0, 1, 2].filter((row) => row !== r);
    const [p, q] = [0, 1, 2].filter((column) => column !== c);
    return (m[3 * a + p] * m[3 * b + q] - m[3 * a + q] * m[3 * b + p]) * ((r + c) % 2 === 0 ? 1 : -1);
  };
  const determinant = m[0] * minor(0, 0) + m[1] * minor(0, 1) + m[2] * minor(0, 2);
  return Float32Array.from({ length: 9 }, (_, i) => minor(i % 3, Math.floor(i / 3)) / determinant);
}

/** The boxes around what a map makes of boxes (flat xyxy), cut at the border of an image of size [height, width]. */
export function projectInto(boxes: Float32Array, m: Matrix, [height, width]: readonly [number, number]): Float32Array {
  return projectBoxes(m, boxes).map((v, i) => Math.min(Math.max(v, 0), i % 2 === 0 ? width : height));
}
