// Area and centroid of a mask, run by run.

import { foreground, type Rle } from './rle';

export interface Moments {
  area: number;
  /** Sums over the foreground of the column and of the row of each pixel. */
  sumX: number;
  sumY: number;
}

export function rleMoments(mask: Rle): Moments {
  const { height } = mask;
  const moments: Moments = { area: 0, sumX: 0, sumY: 0 };
  for (const [from, to] of foreground(mask))
    for (let start = from; start < to; ) {
      const x = Math.floor(start / height);
      const end = Math.min(to, (x + 1) * height);
      const count = end - start;
      moments.area += count;
      moments.sumX += x * count;
      moments.sumY += (count * (start + end - 1 - 2 * x * height)) / 2;
      start = end;
    }
  return moments;
}
