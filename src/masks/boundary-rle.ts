// The boundary of a mask (Cheng et al., Boundary IoU, CVPR 2021): its pixels within `distance` of a pixel that is not of it, in
// Chebyshev's distance; what is outside of the image is not of it.

import { type Rle, RleBuilder, rleToBox } from './rle';

/** Share of the image's diagonal that a boundary is wide. */
export const BOUNDARY_RATIO = 0.02;

/** Pixels of width, as boundary-iou-api rounds them: halves to the even number, at least 1. */
export function boundaryWidth({ height, width }: Pick<Rle, 'height' | 'width'>, ratio = BOUNDARY_RATIO): number {
  const exact = ratio * Math.sqrt(height ** 2 + width ** 2);
  const rounded = Math.round(exact);
  const even = Math.abs(exact - Math.trunc(exact)) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
  return Math.max(1, even);
}

/** @example boundaryRle(mask, boundaryWidth(mask)) */
export function boundaryRle(mask: Rle, distance: number): Rle {
  const { height, width } = mask;
  const [left, top, boxWidth, boxHeight] = rleToBox(mask);
  const { counts } = mask;
  const inside = new Uint8Array(boxWidth * boxHeight); // columns one after the other
  const eroded = new Uint8Array(boxWidth * boxHeight); // along columns
  for (let i = 1, pixel = counts[0]; i < counts.length; pixel += counts[i] + (counts[i + 1] ?? 0), i += 2)
    for (let from = pixel; from < pixel + counts[i]; ) {
      const x = Math.floor(from / height);
      const to = Math.min(pixel + counts[i], (x + 1) * height);
      const column = (x - left) * boxHeight - top - x * height;
      inside.fill(1, column + from, column + to);
      if (to - from > 2 * distance) eroded.fill(1, column + from + distance, column + to - distance);
      from = to;
    }
  const core = new Uint8Array(boxWidth * boxHeight);
  for (let y = 0; y < boxHeight; y++)
    for (let x = 0, run = 0; x <= boxWidth; x++) {
      if (x < boxWidth && eroded[x * boxHeight + y]) {
        run++;
        continue;
      }
      for (let k = x - run + distance; k < x - distance; k++) core[k * boxHeight + y] = 1;
      run = 0;
    }
  const builder = new RleBuilder();
  for (let x = 0; x < boxWidth; x++)
    for (let y = 0; y < boxHeight; ) {
      const at = x * boxHeight + y;
      if (!inside[at] || core[at]) {
        y++;
        continue;
      }
      let end = y;
      while (end < boxHeight && inside[x * boxHeight + end] && !core[x * boxHeight + end]) end++;
      builder.add((left + x) * height + top + y, (left + x) * height + top + end);
      y = end;
    }
  return builder.finish(height, width);
}
