// Affine transforms of a plane by cubic splines, as SciPy's ndimage.affine_transform (order 3, mode "constant") has them, and by the
// nearest pixel (order 0). The plane is the upper left part of a larger one that is zero elsewhere.

/** Source (x, y) of target (X, Y): a X + b Y + c, d X + e Y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Plane {
  data: ArrayLike<number>;
  width: number;
  height: number;
}

/** Beyond the plane by so many pixels its spline is nothing. */
const MARGIN = 12;
const POLE = Math.sqrt(3) - 2;

/** Coefficients of the spline through `values`, mirrored at both ends, in place. */
function prefilter(values: Float64Array): void {
  const n = values.length;
  if (n < 2) return;
  const gain = (1 - POLE) * (1 - 1 / POLE);
  for (let i = 0; i < n; i++) values[i] *= gain;
  let [power, first] = [POLE, values[0] + POLE ** (n - 1) * values[n - 1]];
  const last = POLE ** (n - 1);
  let mirrored = last * last;
  for (let i = 1; i < n - 1; i++) {
    mirrored /= POLE;
    first += (power + mirrored) * values[i];
    power *= POLE;
  }
  values[0] = first / (1 - last * last);
  for (let i = 1; i < n; i++) values[i] += POLE * values[i - 1];
  values[n - 1] = (POLE / (POLE * POLE - 1)) * (POLE * values[n - 2] + values[n - 1]);
  for (let i = n - 2; i >= 0; i--) values[i] = POLE * (values[i + 1] - values[i]);
}

/** Weights of the four coefficients around a fraction. */
const weightsAt = (t: number): [number, number, number, number] => [
  (1 - t) ** 3 / 6,
  (4 - 6 * t * t + 3 * t ** 3) / 6,
  (1 + 3 * t + 3 * t * t - 3 * t ** 3) / 6,
  t ** 3 / 6,
];

/** Values of the larger plane's pixels, rounded to bytes; `target` is its size. */
export function splineAffine(
  { data, width, height }: Plane,
  map: Affine,
  target: { width: number; height: number },
): Uint8Array {
  const columns = Math.min(width + MARGIN, target.width);
  const rows = Math.min(height + MARGIN, target.height);
  const coefficients = new Float64Array(columns * rows);
  for (let y = 0; y < Math.min(height, rows); y++)
    for (let x = 0; x < Math.min(width, columns); x++) coefficients[y * columns + x] = data[y * width + x];
  for (let y = 0; y < rows; y++) prefilter(coefficients.subarray(y * columns, (y + 1) * columns));
  const column = new Float64Array(rows);
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) column[y] = coefficients[y * columns + x];
    prefilter(column);
    for (let y = 0; y < rows; y++) coefficients[y * columns + x] = column[y];
  }
  const mirror = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
  const out = new Uint8Array(target.width * target.height);
  eachSource(map, target, (at, x, y) => {
    if (x > columns - 1 || y > rows - 1) return; // nothing is there
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [wx, wy] = [weightsAt(x - x0), weightsAt(y - y0)];
    let sum = 0;
    for (let j = 0; j < 4; j++) {
      const row = mirror(y0 - 1 + j, rows) * columns;
      let inRow = 0;
      for (let i = 0; i < 4; i++) inRow += wx[i] * coefficients[row + mirror(x0 - 1 + i, columns)];
      sum += wy[j] * inRow;
    }
    out[at] = sum > 0 ? Math.min(255, Math.floor(sum + 0.5)) : 0;
  });
  return out;
}

/** The same by the nearest pixel. */
export function nearestAffine(
  { data, width, height }: Plane,
  map: Affine,
  target: { width: number; height: number },
): Uint8Array {
  const out = new Uint8Array(target.width * target.height);
  eachSource(map, target, (at, x, y) => {
    const [column, row] = [Math.floor(x + 0.5), Math.floor(y + 0.5)];
    if (column < width && row < height) out[at] = data[row * width + column];
  });
  return out;
}

/** Of each target pixel the source, where it is on the larger plane. */
function eachSource(
  [a, b, c, d, e, f]: Affine,
  { width, height }: { width: number; height: number },
  visit: (at: number, x: number, y: number) => void,
): void {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [sx, sy] = [a * x + b * y + c, d * x + e * y + f];
      if (sx >= 0 && sy >= 0 && sx <= width - 1 && sy <= height - 1) visit(y * width + x, sx, sy);
    }
}
