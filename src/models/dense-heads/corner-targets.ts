// Targets of CornerNet and CentripetalNet: for the top-left and the bottom-right corners a heat map, where a corner lies within its
// cell, and where the center of its box is seen from there (Law and Deng, ECCV 2018; Dong et al., CVPR 2020). Plain arrays.

import type { Instances, Size } from '../task-modules';
import { addGaussian, gaussianRadius } from './gaussian-heat';
import { imageRows } from './image-rows';

/** IoU that a box may have whose corners are as far off as the heat map reaches. */
const MIN_OVERLAP = 0.3;
/** Least distance whose logarithm is a target, in cells. */
const SMALLEST = 2 ** -23;
const f = Math.fround;

export const SIDES = ['tl', 'br'] as const;
export type Side = (typeof SIDES)[number];

/** Of the corners of one side, all images. */
export interface SideTargets {
  /** [N, H, W, C]. */
  heat: Float32Array;
  /** Values of 1 in it. */
  peaks: number;
  /** Cells with a corner among those of all images, rising, and the targets of each: x and y. */
  cells: number[];
  offsets: number[][];
  /** From the cell to the center of the box. */
  guiding: number[][];
  /** Logarithm of the distance from the corner to the center. */
  centripetal: number[][];
}

export interface CornerTargets {
  sides: Record<Side, SideTargets>;
  /** By image, the cells of both corners of each object. */
  pairs: Record<Side, number[]>[];
}

/**
 * @param shape of the heat maps, [N, H, W, C]
 * @param imageSize of the padded batch
 */
export function cornerTargets(
  truths: readonly Instances[],
  [images, height, width, classes]: readonly number[],
  imageSize: Size,
): CornerTargets {
  const area = height * width;
  const [ratioY, ratioX] = [f(height / imageSize[0]), f(width / imageSize[1])];
  const heat = { tl: new Float32Array(images * area * classes), br: new Float32Array(images * area * classes) };
  // of two corners in a cell the later one counts
  const values: Record<Side, Map<number, Record<'offset' | 'guiding' | 'centripetal', number[]>>> = {
    tl: new Map(),
    br: new Map(),
  };
  const pairs = truths.map(({ bboxes, labels }, n) => {
    const cells: Record<Side, number[]> = { tl: [], br: [] };
    for (const [g, label] of labels.entries()) {
      const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
      const corners = { tl: [f(x1 * ratioX), f(y1 * ratioY)], br: [f(x2 * ratioX), f(y2 * ratioY)] };
      const center = [f(f(f(x1 + x2) / 2) * ratioX), f(f(f(y1 + y2) / 2) * ratioY)];
      const [w, h] = [0, 1].map((axis) => Math.ceil(f(corners.br[axis] - corners.tl[axis])));
      const radius = Math.max(0, Math.trunc(gaussianRadius(h, w, MIN_OVERLAP)));
      for (const side of SIDES) {
        const corner = corners[side];
        const [column, row] = [width, height].map((n, axis) => Math.max(Math.trunc(Math.min(corner[axis], n - 1)), 0));
        addGaussian(imageRows(heat[side], n, images), [height, width, classes], [column, row, label], radius);
        const sign = side === 'tl' ? 1 : -1;
        const cell = [column, row];
        const each = (value: (axis: number) => number) => [value(0), value(1)];
        values[side].set(n * area + row * width + column, {
          offset: each((axis) => f(corner[axis] - cell[axis])),
          guiding: each((axis) => f(sign * (center[axis] - cell[axis]))),
          centripetal: each((axis) => Math.log(Math.max(f(sign * (center[axis] - corner[axis])), SMALLEST))),
        });
        cells[side].push(n * area + row * width + column);
      }
    }
    return cells;
  });
  const ofSide = (side: Side): SideTargets => {
    const cells = [...values[side].keys()].sort((a, b) => a - b);
    const of = (name: 'offset' | 'guiding' | 'centripetal') => cells.map((cell) => values[side].get(cell)![name]);
    const peaks = heat[side].reduce((count, v) => (v === 1 ? count + 1 : count), 0);
    return {
      heat: heat[side],
      peaks,
      cells,
      offsets: of('offset'),
      guiding: of('guiding'),
      centripetal: of('centripetal'),
    };
  };
  return { sides: { tl: ofSide('tl'), br: ofSide('br') }, pairs };
}
