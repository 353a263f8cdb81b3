// Rasterises polygons by COCO's rule (pycocotools): the outline is drawn on a grid five times finer; where it crosses the
// centre of a pixel column, the column toggles between background and foreground.

import type { Rle } from './rle';

const FINE = 5;

/** C's conversion to int. */
const toInt = Math.trunc;

/**
 * @param polygon x1, y1, x2, y2, ... in pixels
 * @example polygonToRle([1, 1, 1, 3, 4, 3, 4, 1], 4, 6).counts // [5, 2, 2, 2, 2, 2, 9]
 */
export function polygonToRle(polygon: ArrayLike<number>, height: number, width: number): Rle {
  const crossings = columnCrossings(polygon, height, width).sort();
  const runs = new Uint32Array(crossings.length + 1);
  let before = 0;
  for (let i = 0; i < crossings.length; i++) {
    runs[i] = crossings[i] - before;
    before = crossings[i];
  }
  runs[crossings.length] = height * width - before;
  // two crossings at one pixel cancel out: the runs on both sides merge
  const counts = [runs[0]];
  for (let i = 1; i < runs.length; i++) {
    if (runs[i] > 0) counts.push(runs[i]);
    else if (++i < runs.length) counts[counts.length - 1] += runs[i];
  }
  return { height, width, counts: Uint32Array.from(counts) };
}

/** The mask of a box x, y, width, height. */
export function boxToRle([x, y, w, h]: readonly number[], height: number, width: number): Rle {
  return polygonToRle([x, y, x, y + h, x + w, y + h, x + w, y], height, width);
}

/** Column-major indices at which the outline crosses the centre of a column. */
function columnCrossings(polygon: ArrayLike<number>, height: number, width: number): Uint32Array {
  const corners = polygon.length >> 1;
  const crossings: number[] = [];
  let [previousX, previousY] = [0, 0];
  let first = true;
  const visit = (x: number, y: number) => {
    if (!first && x !== previousX) {
      const column = ((x < previousX ? x : x - 1) + 0.5) / FINE - 0.5;
      if (Math.floor(column) === column && column >= 0 && column <= width - 1) {
        const row = (Math.min(y, previousY) + 0.5) / FINE - 0.5;
        crossings.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)));
      }
    }
    [previousX, previousY, first] = [x, y, false];
  };
  for (let i = 0; i < corners; i++) {
    const j = (i + 1) % corners;
    const [fromX, fromY] = [toInt(FINE * polygon[2 * i] + 0.5), toInt(FINE * polygon[2 * i + 1] + 0.5)];
    const [toX, toY] = [toInt(FINE * polygon[2 * j] + 0.5), toInt(FINE * polygon[2 * j + 1] + 0.5)];
    const [dx, dy] = [Math.abs(toX - fromX), Math.abs(toY - fromY)];
    const flat = dx >= dy;
    // an edge is drawn from its lower end along the longer axis, regardless of its direction
    const flip = flat ? fromX > toX : fromY > toY;
    const [x0, y0, x1, y1] = flip ? [toX, toY, fromX, fromY] : [fromX, fromY, toX, toY];
    const length = flat ? dx : dy;
    const slope = length === 0 ? 0 : (flat ? y1 - y0 : x1 - x0) / length;
    for (let d = 0; d <= length; d++) {
      const t = flip ? length - d : d;
      if (flat) visit(t + x0, toInt(y0 + slope * t + 0.5));
      else visit(toInt(x0 + slope * t + 0.5), t + y0);
    }
  }
  return Uint32Array.from(crossings);
}
