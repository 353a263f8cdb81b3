// Fills polygons of whole pixels as cv2.fillPoly and cv2.drawContours(FILLED) do: even-odd scan lines in 16-bit fixed point, from
// the first pixel at or after an edge to the last one at or before the next, and the outline itself by Bresenham's lines (COCO's
// rule: polygon-rle.ts). This is OpenCV 4.11; 4.10 rounds to the nearest pixel on both sides.

const ONE = 65_536;

interface Edge {
  /** First row, and the row after the last one. */
  y0: number;
  y1: number;
  /** In fixed point, of the current row; its change per row. */
  x: number;
  dx: number;
}

type Point = [number, number];

/**
 * Sets the pixels of the polygons' area in a row-major bitmap to 1. Coordinates are truncated.
 *
 * @param polygons x1, y1, x2, y2, ... each; where an even number of them overlap nothing is filled
 */
export function fillPolygons(
  bitmap: Uint8Array,
  width: number,
  height: number,
  polygons: readonly ArrayLike<number>[],
): void {
  const edges: Edge[] = [];
  for (const polygon of polygons) {
    const corner = (i: number): Point => [Math.trunc(polygon[2 * i]), Math.trunc(polygon[2 * i + 1])];
    const corners = polygon.length / 2;
    for (let i = 0; i < corners; i++) {
      const [from, to] = [corner((i + corners - 1) % corners), corner(i)];
      drawLine(bitmap, width, height, from, to);
      if (from[1] === to[1]) continue;
      const [a, b] = slopeEnds(from, to, width - 1, height - 1);
      const dx = Math.trunc(((b[0] - a[0]) * ONE) / (b[1] - a[1]));
      const [upper, lower, end] = from[1] < to[1] ? [from, to, a] : [to, from, b];
      edges.push({ y0: upper[1], y1: lower[1], x: end[0] * ONE + (upper[1] - end[1]) * dx, dx });
    }
  }
  fillBetween(bitmap, width, height, edges);
}

/** The ends of an edge that give its slope: clipped to the image, but for the rows where that leaves one row. */
function slopeEnds(from: Point, to: Point, right: number, bottom: number): [Point, Point] {
  const [a, b] = clippedEnds(from, to, right, bottom);
  return a[1] === b[1]
    ? [
        [a[0], from[1]],
        [b[0], to[1]],
      ]
    : [a, b];
}

function fillBetween(bitmap: Uint8Array, width: number, height: number, edges: Edge[]): void {
  edges.sort((a, b) => a.y0 - b.y0 || a.x - b.x || a.dx - b.dx);
  let active: Edge[] = [];
  let next = 0;
  for (let y = edges[0]?.y0 ?? height; y < height && (active.length > 0 || next < edges.length); y++) {
    active = active.filter(({ y1 }) => y1 !== y);
    while (next < edges.length && edges[next].y0 === y) active.push(edges[next++]);
    active.sort((a, b) => a.x - b.x);
    for (let i = 0; i + 1 < active.length; i += 2) {
      const [a, b] = [active[i], active[i + 1]];
      const [left, right] = [Math.max(Math.ceil(a.x / ONE), 0), Math.min(Math.floor(b.x / ONE), width - 1)];
      if (y >= 0 && left <= right) bitmap.fill(1, y * width + left, y * width + right + 1);
    }
    for (const edge of active) edge.x += edge.dx;
  }
}

/** cv2's line of 8-connected pixels, from left to right. */
function drawLine(bitmap: Uint8Array, width: number, height: number, from: Point, to: Point): void {
  let [[x, y], [x2, y2], visible] = clippedEnds(from, to, width - 1, height - 1);
  if (!visible) return;
  if (x2 < x) [x, y, x2, y2] = [x2, y2, x, y];
  const stepY = y2 < y ? -1 : 1;
  const [dx, dy] = [x2 - x, Math.abs(y2 - y)];
  const steep = dy > dx;
  const [long, short] = steep ? [dy, dx] : [dx, dy];
  let error = long - 2 * short;
  for (let i = 0; i <= long; i++) {
    bitmap[y * width + x] = 1;
    const both = error < 0;
    error += (both ? 2 * long : 0) - 2 * short;
    if (steep || both) y += stepY;
    if (!steep || both) x++;
  }
}

/** The ends of a line moved to the border of the image, in cv2's rounding, and whether they are inside then. */
function clippedEnds([x1, y1]: Point, [x2, y2]: Point, right: number, bottom: number): [Point, Point, boolean] {
  const side = (x: number, limit: number) => (x < 0 ? 1 : x > limit ? 2 : 0);
  let [c1, c2] = [side(x1, right) + 4 * side(y1, bottom), side(x2, right) + 4 * side(y2, bottom)];
  if ((c1 & c2) === 0 && (c1 | c2) !== 0) {
    if (c1 & 12) {
      const a = c1 < 8 ? 0 : bottom;
      x1 += Math.trunc(((a - y1) * (x2 - x1)) / (y2 - y1));
      y1 = a;
      c1 = side(x1, right);
    }
    if (c2 & 12) {
      const a = c2 < 8 ? 0 : bottom;
      x2 += Math.trunc(((a - y2) * (x2 - x1)) / (y2 - y1));
      y2 = a;
      c2 = side(x2, right);
    }
    if ((c1 & c2) === 0 && (c1 | c2) !== 0) {
      if (c1) {
        const a = c1 === 1 ? 0 : right;
        y1 += Math.trunc(((a - x1) * (y2 - y1)) / (x2 - x1));
        x1 = a;
        c1 = 0;
      }
      if (c2) {
        const a = c2 === 1 ? 0 : right;
        y2 += Math.trunc(((a - x2) * (y2 - y1)) / (x2 - x1));
        x2 = a;
        c2 = 0;
      }
    }
  }
  return [[x1, y1], [x2, y2], (c1 | c2) === 0];
}
