// Boxes from the best points of a grid. They are clipped to the image, which the reference means to do, but it clamps copies.

import { clipBoxes } from '../../../geometry/boxes';

export interface GridPoints {
  /** Probability of the best pixel of each point, and its index in the heatmap [K, points]. */
  scores: Float32Array;
  positions: Float32Array;
  /** Left and top of each heatmap in the map of the enlarged RoI. */
  regions: readonly (readonly [number, number])[];
  /** Side of a heatmap: that of the RoI, and half that of the enlarged one. */
  side: number;
  imgShape: readonly [number, number];
}

/** Each side is the mean of the points on it, weighted by their probabilities; within the image. Boxes flat xyxy. */
export function gridBoxes(
  boxes: Float32Array,
  { scores, positions, regions, side, imgShape }: GridPoints,
): Float32Array {
  const points = regions.length;
  const grid = Math.sqrt(points);
  const line = (of: (i: number) => number) => Array.from({ length: grid }, (_, i) => of(i));
  // points are numbered column by column
  const sides = [
    line((i) => i),
    line((i) => i * grid),
    line((i) => points - grid + i),
    line((i) => (i + 1) * grid - 1),
  ];
  const out = new Float32Array(boxes.length);
  for (let k = 0; k < boxes.length / 4; k++) {
    const box = boxes.subarray(4 * k, 4 * k + 4);
    for (const [c, onSide] of sides.entries()) {
      const axis = c % 2;
      const length = box[axis + 2] - box[axis];
      let [sum, total] = [0, 0];
      for (const p of onSide) {
        const position = positions[k * points + p];
        const pixel = (axis === 0 ? position % side : Math.floor(position / side)) + regions[p][axis];
        const at = ((pixel + 0.5) / side) * length + box[axis] - length / 2;
        sum += at * scores[k * points + p];
        total += scores[k * points + p];
      }
      out[4 * k + c] = sum / total;
    }
  }
  return clipBoxes(out, [imgShape[0], imgShape[1]]);
}
