// SOLO's rule: the image is a grid of cells on each level; an object belongs to the levels whose range has the root of its
// area, there to the cells around the centroid of its mask (Wang et al., SOLO, ECCV 2020). Plain arrays, in single precision.

import { type Rle, rleMoments } from '../../masks';
import type { Instances } from '../task-modules';

const f = Math.fround;

export interface GridLevel {
  /** Cells of a side. */
  grid: number;
  /** Lowest and highest root of an object's area. */
  range: readonly [number, number];
}

/** What one level of one image learns. */
export interface GridTargets {
  /** Class of each cell, row by row; the number of classes for background [grid * grid]. */
  labels: Int32Array;
  /** Cells and the object that each should segment, object by object: a cell of two objects comes twice. */
  cells: Int32Array;
  truths: Int32Array;
}

export interface GridRule {
  levels: readonly GridLevel[];
  numClasses: number;
  /** Share of a box around the centroid whose cells are positive. */
  scale: number;
}

interface Placed {
  truth: number;
  /** Root of the area of the box. */
  size: number;
  /** Of the mask, and half of the region around it. */
  x: number;
  y: number;
  rangeX: number;
  rangeY: number;
}

/** Boxes and masks of the objects that have pixels. */
function placed({ bboxes }: Instances, masks: readonly Rle[], scale: number): Placed[] {
  return masks.flatMap((mask, truth) => {
    const { area, sumX, sumY } = rleMoments(mask);
    if (area === 0) return [];
    const [x1, y1, x2, y2] = bboxes.subarray(4 * truth, 4 * truth + 4);
    const [w, h] = [f(x2 - x1), f(y2 - y1)];
    const half = (side: number) => f(f(0.5 * side) * f(scale));
    const center = { x: f(f(sumX) / f(area)), y: f(f(sumY) / f(area)) };
    return [{ truth, size: f(Math.sqrt(f(w * h))), ...center, rangeX: half(w), rangeY: half(h) }];
  });
}

/** First and last cell of a side that an object is assigned to: of the region, at most one beside the centroid's. */
function span(center: number, range: number, side: number, grid: number): [number, number] {
  const cellOf = (position: number) => Math.trunc(f(f(position / f(side)) / f(1 / grid)));
  const own = cellOf(center);
  const first = Math.max(cellOf(f(center - range)), 0, own - 1);
  return [first, Math.min(cellOf(f(center + range)), grid - 1, own + 1)];
}

/**
 * By level.
 * @param masks of the objects, in the frame of an image of `size` [height, width]
 */
export function gridTargets(
  instances: Instances,
  masks: readonly Rle[],
  [height, width]: readonly [number, number],
  { levels, numClasses, scale }: GridRule,
): GridTargets[] {
  const objects = placed(instances, masks, scale);
  return levels.map(({ grid, range: [min, max] }) => {
    const labels = new Int32Array(grid * grid).fill(numClasses);
    const cells: number[] = [];
    const truths: number[] = [];
    for (const { truth, size, x, y, rangeX, rangeY } of objects) {
      if (size < min || size > max) continue;
      const [top, bottom] = span(y, rangeY, height, grid);
      const [left, right] = span(x, rangeX, width, grid);
      for (let row = top; row <= bottom; row++)
        for (let column = left; column <= right; column++) {
          labels[row * grid + column] = instances.labels[truth];
          cells.push(row * grid + column);
          truths.push(truth);
        }
    }
    return { labels, cells: Int32Array.from(cells), truths: Int32Array.from(truths) };
  });
}

/** Each cell once, in the order of the grid, with the last of its objects. */
export function lastOfEachCell({ labels, cells, truths }: GridTargets): GridTargets {
  const owner = new Map<number, number>();
  for (const [k, cell] of cells.entries()) owner.set(cell, truths[k]);
  const order = Int32Array.from(owner.keys()).sort();
  return { labels, cells: order, truths: order.map((cell) => owner.get(cell)!) };
}
