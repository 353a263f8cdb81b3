// YOLOv5's assignment (Jocher et al., 2020; MMYOLO): a ground-truth box is given, on every level, to the anchors whose width and
// height are within a factor of its own, in the cell of its center and in the neighbour cells that are near the center.
// Several boxes may have the same anchor. Everything in cells of the level, in single precision as PyTorch's.

import type { Size } from '../../../geometry/boxes';
import type { Instances } from '../types';

const f = Math.fround;

/** The anchors of a level that were given to ground truth, by direction of the cell (the box's first), anchor, image and box. */
export interface LevelMatches {
  /** (image * H * W + cell) * A + anchor of each [P]. */
  rows: Int32Array;
  /** Image, index of its ground truth there, and label [P]. */
  images: Int32Array;
  truths: Int32Array;
  labels: Int32Array;
  /** Center relative to the corner of the cell, and size, in cells [P, 4]. */
  boxes: Float32Array;
  /** Width and height of the anchor, in cells [P, 2]. */
  anchors: Float32Array;
  /** A: anchors of a cell. */
  perCell: number;
}

export interface ShapeMatching {
  /** Largest factor between the sides of a box and of its anchor. */
  shapeFactor: number;
  /** Distance in cells at which a neighbour cell is given the box too. */
  neighbor: number;
}

/** The cell of the center, and those on the left, above, on the right and below. */
const DIRECTIONS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * @param anchors width and height of the anchors of a cell [A, 2], in cells
 * @param batchShape [height, width] of the images in pixels
 * @param size [height, width] of the level in cells
 */
export function matchByShape(
  images: readonly Instances[],
  { anchors, size, batchShape }: { anchors: Float32Array; size: Size; batchShape: Size },
  { shapeFactor, neighbor }: ShapeMatching,
): LevelMatches {
  const [height, width] = size;
  const perCell = anchors.length / 2;
  const [near, largest] = [f(neighbor), f(shapeFactor)];
  const found: { image: number; truth: number; anchor: number; box: Float32Array }[] = [];
  const scaled = images.map(({ bboxes }) => inCells(bboxes, batchShape, size));
  for (let anchor = 0; anchor < perCell; anchor++)
    for (const [image, boxes] of scaled.entries())
      for (let truth = 0; truth < boxes.length / 4; truth++) {
        const box = boxes.subarray(4 * truth, 4 * truth + 4);
        const factor = (axis: number) => {
          const ratio = f(box[2 + axis] / anchors[2 * anchor + axis]);
          return Math.max(ratio, f(1 / ratio));
        };
        if (Math.max(factor(0), factor(1)) < largest) found.push({ image, truth, anchor, box });
      }
  const rows: number[] = [];
  const matched: typeof found = [];
  const boxes: number[] = [];
  for (const [dx, dy] of DIRECTIONS)
    for (const match of found) {
      const [x, y, w, h] = match.box;
      // towards the left and above by the coordinate itself, else by the rest up to the edge of the map
      const [along, rest] = dx !== 0 ? [x, f(width - x)] : [y, f(height - y)];
      const distance = dx + dy > 0 ? along : rest;
      if (dx + dy !== 0 && !(distance % 1 < near && distance > 1)) continue;
      // a center on the far edge has no cell of its own there: the last one
      const column = Math.min(Math.max(Math.trunc(f(x - dx * near)), 0), width - 1);
      const row = Math.min(Math.max(Math.trunc(f(y - dy * near)), 0), height - 1);
      rows.push(((match.image * height + row) * width + column) * perCell + match.anchor);
      boxes.push(x - column, y - row, w, h);
      matched.push(match);
    }
  return {
    perCell,
    rows: Int32Array.from(rows),
    images: Int32Array.from(matched, ({ image }) => image),
    truths: Int32Array.from(matched, ({ truth }) => truth),
    labels: Int32Array.from(matched, ({ image, truth }) => images[image].labels[truth]),
    boxes: Float32Array.from(boxes),
    anchors: Float32Array.from(matched.flatMap(({ anchor }) => [anchors[2 * anchor], anchors[2 * anchor + 1]])),
  };
}

/** Boxes xyxy in pixels -> center and size in cells. */
export function inCells(bboxes: Float32Array, [imageHeight, imageWidth]: Size, [height, width]: Size): Float32Array {
  return bboxes.map((_, i) => {
    const low = (i & ~3) | (i & 1);
    const value = i & 2 ? f(bboxes[low + 2] - bboxes[low]) : f(f(bboxes[low + 2] + bboxes[low]) / 2);
    const [pixels, cells] = i & 1 ? [imageHeight, height] : [imageWidth, width];
    return f(f(value / pixels) * cells);
  });
}
