// Where in a feature level a ground-truth box is, for what looks for its middle (guided anchoring, Wang et al., CVPR 2019; Cascade
// RPN, Vu et al., NeurIPS 2019). Single precision, so that a cell on a border falls on the same side as in MMDetection.

import { roundHalfEven } from '../../geometry/round-half-even';
import type { Size } from './types';

const f = Math.fround;

/** Cells [left, top, right, bottom], ends included, that are left of box `g` without the share `margin` at each side. */
export function boxRegion(
  boxes: Float32Array,
  g: number,
  margin: number,
  { stride, size: [height, width] }: { stride: number; size: Size },
): [left: number, top: number, right: number, bottom: number] {
  const [x1, y1, x2, y2] = boxes.subarray(4 * g, 4 * g + 4).map((v) => v / stride);
  const cell = (a: number, b: number, limit: number) =>
    Math.min(Math.max(roundHalfEven(f(f((1 - margin) * a) + f(margin * b))), 0), limit);
  return [cell(x1, x2, width), cell(y1, y2, height), cell(x2, x1, width), cell(y2, y1, height)];
}

/** The level, of `levels`, whose anchors are nearest in size to box `g`; those of the first are `finest` pixels wide. */
export function octaveLevel(boxes: Float32Array, g: number, finest: number, levels: number): number {
  const size = Math.sqrt((boxes[4 * g + 2] - boxes[4 * g]) * (boxes[4 * g + 3] - boxes[4 * g + 1]));
  const octave = Math.floor(f(f(f(Math.log2(f(size))) - f(Math.log2(finest))) + 0.5));
  return Math.min(Math.max(octave, 0), levels - 1);
}
