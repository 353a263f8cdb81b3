// Canny's edges of an 8-bit plane (PAMI 1986) as cv2.Canny(low, high): Sobel's derivatives of 3 x 3 pixels with the border
// repeated, their absolute values summed, integer tests of the direction, edges followed over eight neighbours.

const [NONE, WEAK, EDGE] = [0, 1, 2];
/** tan 22.5 degrees in 15 bits. */
const TANGENT = 13573;
const SHIFT = 15;

/** @returns 1 where an edge is */
export function cannyEdges(plane: Uint8Array, height: number, width: number, low: number, high: number): Uint8Array {
  const { dx, dy } = derivatives(plane, height, width);
  // a border of 0 around the magnitudes and the marks
  const stride = width + 2;
  const magnitude = new Int32Array(stride * (height + 2));
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) magnitude[(y + 1) * stride + x + 1] = Math.abs(dx[i]) + Math.abs(dy[i]);
  const marks = new Uint8Array(magnitude.length);
  const open: number[] = [];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const at = (y + 1) * stride + x + 1;
      if (magnitude[at] <= low || !isRidge(magnitude, at, stride, dx[i], dy[i])) continue;
      marks[at] = magnitude[at] > high ? EDGE : WEAK;
      if (marks[at] === EDGE) open.push(at);
    }
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const step of [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1]) {
      if (marks[at + step] !== WEAK) continue;
      marks[at + step] = EDGE;
      open.push(at + step);
    }
  const edges = new Uint8Array(plane.length).fill(NONE);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) if (marks[(y + 1) * stride + x + 1] === EDGE) edges[i] = 1;
  return edges;
}

/** Whether the magnitude is the highest across the edge; of equal ones the last along x or y. */
function isRidge(magnitude: Int32Array, at: number, stride: number, dx: number, dy: number): boolean {
  const m = magnitude[at];
  const x = Math.abs(dx);
  const y = Math.abs(dy) * 2 ** SHIFT;
  const flat = x * TANGENT;
  if (y < flat) return m > magnitude[at - 1] && m >= magnitude[at + 1];
  if (y > flat + x * 2 ** (SHIFT + 1)) return m > magnitude[at - stride] && m >= magnitude[at + stride];
  const side = (dx ^ dy) < 0 ? -1 : 1;
  return m > magnitude[at - stride - side] && m > magnitude[at + stride + side];
}

function derivatives(plane: Uint8Array, height: number, width: number): { dx: Int16Array; dy: Int16Array } {
  const [dx, dy] = [new Int16Array(plane.length), new Int16Array(plane.length)];
  for (let y = 0, i = 0; y < height; y++) {
    const above = Math.max(y - 1, 0) * width;
    const row = y * width;
    const below = Math.min(y + 1, height - 1) * width;
    for (let x = 0; x < width; x++, i++) {
      const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, width - 1)];
      const [a, b, c] = [plane[above + left], plane[above + x], plane[above + right]];
      const [p, q, r] = [plane[below + left], plane[below + x], plane[below + right]];
      dx[i] = c - a + 2 * (plane[row + right] - plane[row + left]) + r - p;
      dy[i] = p - a + 2 * (q - b) + r - c;
    }
  }
  return { dx, dy };
}
