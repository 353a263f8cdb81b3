// The outline of a mask as an SVG path: its pixel edges, traced and simplified. Holes are outlines of the other direction.

import { cropRle, decodeRle, type Rle, resizeRle, rleToBox } from '../masks';

/** Longer side, in cells, at which a mask is traced: beyond it the outline on the screen is the same. */
const TRACED_SIDE = 240;

type Point = [number, number];

/**
 * SVG path (fill-rule evenodd) of a mask, in its pixels; empty for an empty mask.
 *
 * @param tolerance how far the path may be from the edges of the pixels, in cells of the traced mask
 */
export function maskOutline(mask: Rle, tolerance = 0.75): string {
  const [left, top, width, height] = rleToBox(mask);
  if (width === 0 || height === 0) return '';
  const scale = Math.min(1, TRACED_SIDE / Math.max(width, height));
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = decodeRle(resizeRle(cropRle(mask, { left, top, width, height }), rows, columns));
  const x = (v: number) => Math.round((left + (v * width) / columns) * 10) / 10;
  const y = (v: number) => Math.round((top + (v * height) / rows) * 10) / 10;
  return edgeLoops(bitmap, columns, rows)
    .map((loop) => simplified(loop, tolerance))
    .filter((loop) => loop.length > 2)
    .map((loop) => `M${loop.map(([px, py]) => `${x(px)} ${y(py)}`).join('L')}z`)
    .join('');
}

/** The closed loops of edges between foreground and background, corner by corner, the foreground on the right-hand side. */
function edgeLoops(bitmap: ArrayLike<number>, width: number, height: number): Point[][] {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && bitmap[y * width + x] === 1;
  const stride = width + 1;
  // edges by the corner at which they start: bit d for a step in direction d (right, down, left, up)
  const edges = new Uint8Array(stride * (height + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) edges[y * stride + x] |= 1;
      if (!inside(x + 1, y)) edges[y * stride + x + 1] |= 2;
      if (!inside(x, y + 1)) edges[(y + 1) * stride + x + 1] |= 4;
      if (!inside(x - 1, y)) edges[(y + 1) * stride + x] |= 8;
    }
  const steps = [1, stride, -1, -stride];
  const loops: Point[][] = [];
  for (let start = 0; start < edges.length; start++)
    while (edges[start] !== 0) {
      const loop: Point[] = [];
      let [corner, direction] = [start, Math.log2(edges[start] & -edges[start])];
      do {
        edges[corner] &= ~(1 << direction);
        loop.push([corner % stride, Math.floor(corner / stride)]);
        corner += steps[direction];
        // right turns first: cells that touch only at a corner are loops of their own
        const turn = [1, 0, 3].find((t) => edges[corner] & (1 << ((direction + t) % 4)));
        direction = (direction + (turn ?? 0)) % 4;
      } while (corner !== start);
      loops.push(loop);
    }
  return loops;
}

/** Douglas and Peucker (1973) on a closed loop, split at its start and at the point farthest from it. */
function simplified(loop: readonly Point[], tolerance: number): Point[] {
  const [x0, y0] = loop[0];
  let far = 0;
  for (const [i, [x, y]] of loop.entries())
    if (Math.hypot(x - x0, y - y0) > Math.hypot(loop[far][0] - x0, loop[far][1] - y0)) far = i;
  const points = [...loop, loop[0]];
  const keep = new Uint8Array(points.length);
  const spans: Point[] = [
    [0, far],
    [far, loop.length],
  ];
  keep[0] = keep[far] = 1;
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    const [[ax, ay], [bx, by]] = [points[from], points[to]];
    const length = Math.hypot(bx - ax, by - ay);
    let [worst, distance] = [-1, tolerance];
    for (let i = from + 1; i < to; i++) {
      const [px, py] = points[i];
      const d =
        length === 0 ? Math.hypot(px - ax, py - ay) : Math.abs((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / length;
      if (d > distance) [worst, distance] = [i, d];
    }
    if (worst < 0) continue;
    keep[worst] = 1;
    spans.push([from, worst], [worst, to]);
  }
  return loop.filter((_, i) => keep[i] === 1);
}
