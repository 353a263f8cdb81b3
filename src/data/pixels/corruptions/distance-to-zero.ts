// Distances to the nearest 0 of a plane, approximated by steps to 16 neighbours in 16 bits after the point, as
// cv2.distanceTransform(DIST_L2, 5) (Borgefors, CVGIP 1986).

const ONE = 65536;
const DIAGONAL = Math.round(1.4 * ONE);
const KNIGHT = Math.round(2.1969 * ONE);
const FAR = 2 ** 30;

/** Steps to pixels that come before, in rows and columns; those after are their opposites. */
const STEPS: readonly (readonly [number, number, number])[] = [
  [-2, -1, KNIGHT],
  [-2, 1, KNIGHT],
  [-1, -2, KNIGHT],
  [-1, -1, DIAGONAL],
  [-1, 0, ONE],
  [-1, 1, DIAGONAL],
  [-1, 2, KNIGHT],
  [0, -1, ONE],
];

/** In pixels. @param plane nonzero where a distance is wanted */
export function distanceToZero(plane: Uint8Array, height: number, width: number): Float32Array {
  const stride = width + 4;
  const distances = new Int32Array(stride * (height + 4)).fill(FAR);
  const steps = STEPS.map(([dy, dx, length]) => [dy * stride + dx, length] as const);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y + 2) * stride + x + 2;
      let least = plane[y * width + x] === 0 ? 0 : FAR;
      if (least > 0) for (const [step, length] of steps) least = Math.min(least, distances[at + step] + length);
      distances[at] = least;
    }
  const out = new Float32Array(plane.length);
  for (let y = height - 1; y >= 0; y--)
    for (let x = width - 1; x >= 0; x--) {
      const at = (y + 2) * stride + x + 2;
      let least = distances[at];
      for (const [step, length] of steps) least = Math.min(least, distances[at - step] + length);
      distances[at] = least;
      out[y * width + x] = least / ONE;
    }
  return out;
}
