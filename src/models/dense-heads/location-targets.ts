// Where guided anchoring looks for objects: cells in the middle of a box, on the level of its size, are positive; cells around them,
// and those of the middle on the neighbouring levels, are ignored (Wang et al., CVPR 2019). Plain arrays.

import type { Instances, Size } from '../task-modules';
import { boxRegion, octaveLevel } from '../task-modules/box-regions';

export interface LocationOptions {
  /** Of each level. */
  strides: readonly number[];
  /** Size of an anchor in strides, by which boxes are given to levels. */
  scale: number;
  /** Shares of the width and height of a box: of its middle, and up to where cells are ignored. */
  centerRatio: number;
  ignoreRatio: number;
}

export interface LocationTargets {
  /** 0 in the middle of a box (the only class), 1 for background, of every cell of all levels [T]. */
  labels: Int32Array;
  weights: Float32Array; // [T]
}

/** Weight of cells without an object. */
const BACKGROUND = Math.fround(0.1);

export function locationTargets(
  { bboxes }: Instances,
  sizes: readonly Size[],
  { strides, scale, centerRatio, ignoreRatio }: LocationOptions,
): LocationTargets {
  const starts = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, [h, w]) => sum + h * w, 0));
  const total = sizes.reduce((sum, [h, w]) => sum + h * w, 0);
  const labels = new Int32Array(total).fill(1);
  const weights = new Float32Array(total).fill(-1);
  const nearby = new Uint8Array(total);
  const [center, ignored] = [(1 - centerRatio) / 2, (1 - ignoreRatio) / 2];
  /** Fills the cells of a box on a level without the share `margin` at each side. */
  const fill = (
    values: Int32Array | Float32Array | Uint8Array,
    value: number,
    g: number,
    level: number,
    margin: number,
  ) => {
    const [height, width] = sizes[level];
    const [left, top, right, bottom] = boxRegion(bboxes, g, margin, { stride: strides[level], size: sizes[level] });
    for (let y = top; y <= Math.min(bottom, height - 1); y++)
      for (let x = left; x <= Math.min(right, width - 1); x++) values[starts[level] + y * width + x] = value;
  };
  const last = sizes.length - 1;
  for (let g = 0; g < bboxes.length / 4; g++) {
    const level = octaveLevel(bboxes, g, scale * strides[0], sizes.length);
    fill(labels, 0, g, level, center);
    fill(weights, 0, g, level, ignored);
    fill(weights, 1, g, level, center);
    if (level > 0) fill(nearby, 1, g, level - 1, ignored);
    if (level < last) fill(nearby, 1, g, level + 1, ignored);
  }
  for (let i = 0; i < total; i++) if (weights[i] < 0) weights[i] = nearby[i] ? 0 : BACKGROUND;
  return { labels, weights };
}
