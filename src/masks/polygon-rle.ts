// Rasterises polygons by COCO's rule (pycocotools): the outline is drawn on a grid five times finer; where it crosses the
// centre of a pixel column, the column toggles between background and foreground.

import type { Rle } from './rle';

const FINE = 5;
/** The fine grid's point before the centre of a column. */
const CENTRE = 2;

/** C's conversion to int. */
const toInt = Math.trunc;

/** Where the outline crosses columns, of one polygon at a time. */
let crossings = new Uint32Array(1024);
/** Its runs. */
let runs = new Uint32Array(1024);

/**
 * @param polygon x1, y1, x2, y2, ... in pixels
 * @example polygonToRle([1, 1, 1, 3, 4, 3, 4, 1], 4, 6).counts // [5, 2, 2, 2, 2, 2, 9]
 */
export function polygonToRle(polygon: ArrayLike<number>, height: number, width: number): Rle {
  const count = columnCrossings(polygon, height, width);
  crossings.subarray(0, count).sort();
  if (count >= runs.length) runs = new Uint32Array(2 * count);
  let last = 0;
  for (let i = 0, before = 0; i <= count; i++) {
    const crossing = i < count ? crossings[i] : height * width;
    const run = crossing - before;
    before = crossing;
    if (i === 0) runs[0] = run;
    else if (run > 0) runs[++last] = run;
    // two crossings at one pixel cancel out: the runs on both sides merge
    else if (++i <= count) {
      const next = i < count ? crossings[i] : height * width;
      runs[last] += next - before;
      before = next;
    }
  }
  return { height, width, counts: runs.slice(0, last + 1) };
}

/** The mask of a box x, y, width, height. */
export function boxToRle([x, y, w, h]: readonly number[], height: number, width: number): Rle {
  return polygonToRle([x, y, x, y + h, x + w, y + h, x + w, y], height, width);
}

/** Writes the column-major indices at which the outline crosses the centre of a column. @returns their number */
function columnCrossings(polygon: ArrayLike<number>, height: number, width: number): number {
  const corners = polygon.length >> 1;
  let count = 0;
  for (let i = 0; i < corners; i++) {
    const j = (i + 1) % corners;
    const [fromX, fromY] = [toInt(FINE * polygon[2 * i] + 0.5), toInt(FINE * polygon[2 * i + 1] + 0.5)];
    const [toX, toY] = [toInt(FINE * polygon[2 * j] + 0.5), toInt(FINE * polygon[2 * j + 1] + 0.5)];
    // columns c of which the edge has the points at 5c + 2 and 5c + 3
    const first = Math.max(Math.ceil((Math.min(fromX, toX) - CENTRE) / FINE), 0);
    const last = Math.min(Math.ceil((Math.max(fromX, toX) - CENTRE) / FINE), width) - 1;
    if (!(last >= first)) continue;
    if (count + last - first >= crossings.length) crossings = grown(crossings, count + last - first + 1);
    const [dx, dy] = [Math.abs(toX - fromX), Math.abs(toY - fromY)];
    // an edge is drawn from its lower end along the longer axis, regardless of its direction
    const flip = dx >= dy ? fromX > toX : fromY > toY;
    const [x0, y0, x1, y1] = flip ? [toX, toY, fromX, fromY] : [fromX, fromY, toX, toY];
    const slope = dx >= dy ? (y1 - y0) / dx : (x1 - x0) / dy;
    for (let column = first; column <= last; column++) {
      const x = FINE * column + CENTRE;
      let y: number;
      if (dx >= dy) y = Math.min(toInt(y0 + slope * (x - x0) + 0.5), toInt(y0 + slope * (x + 1 - x0) + 0.5));
      else y = y0 + lastStep(x0, slope, slope > 0 ? x : x + 1, dy);
      const row = (y + 0.5) / FINE - 0.5;
      crossings[count++] = column * height + Math.ceil(Math.min(Math.max(row, 0), height));
    }
  }
  return count;
}

/** The last step along y at which a steep edge from x0 is at x or before it. */
function lastStep(x0: number, slope: number, x: number, steps: number): number {
  const guess = (x - x0 + (slope > 0 ? 0.5 : -0.5)) / slope;
  let t = guess < 0 ? 0 : guess > steps ? steps : toInt(guess);
  if (slope > 0) {
    while (t > 0 && toInt(x0 + slope * t + 0.5) > x) t--;
    while (t < steps && toInt(x0 + slope * (t + 1) + 0.5) <= x) t++;
  } else {
    while (t > 0 && toInt(x0 + slope * t + 0.5) < x) t--;
    while (t < steps && toInt(x0 + slope * (t + 1) + 0.5) >= x) t++;
  }
  return t;
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * length);
  larger.set(array);
  return larger;
}
