// What the heatmaps of grid points should be: a disc around each point of the grid over the ground truth.

import { subRegions } from './sub-regions';

const f = Math.fround;

/** [K, mapSize / 2, mapSize / 2, grid * grid] of 0 and 1; boxes and truths flat xyxy. */
export function gridTargets(
  boxes: Float32Array,
  truths: Float32Array,
  { grid, mapSize, radius }: { grid: number; mapSize: number; radius: number },
): Float32Array {
  const half = Math.floor(mapSize / 4) * 2;
  const points = grid * grid;
  const regions = subRegions(grid, mapSize);
  const out = new Float32Array((boxes.length / 4) * half * half * points);
  for (let k = 0; k < boxes.length / 4; k++) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * k, 4 * k + 4);
    // the RoI enlarged twofold
    const enlarged = (low: number, high: number) => {
      const margin = f(f(high - low) / 2);
      const [from, to] = [f(low - margin), f(high + margin)];
      return { from, size: f(to - from) };
    };
    const [horizontal, vertical] = [enlarged(x1, x2), enlarged(y1, y2)];
    if (horizontal.size <= grid || vertical.size <= grid) continue; // too small for a grid
    const [gx1, gy1, gx2, gy2] = truths.subarray(4 * k, 4 * k + 4);
    for (let p = 0; p < points; p++) {
      const place = (index: number, low: number, high: number, { from, size }: typeof horizontal) => {
        const share = 1 - index / (grid - 1);
        const at = f(f(f(share) * low) + f(f(1 - share) * high));
        return Math.trunc(f(f(f(at - from) / size) * mapSize));
      };
      const cx = place(Math.floor(p / grid), gx1, gx2, horizontal);
      const cy = place(p % grid, gy1, gy2, vertical);
      const [left, top] = regions[p];
      for (let y = Math.max(cy - radius, top); y <= Math.min(cy + radius, top + half - 1); y++)
        for (let x = Math.max(cx - radius, left); x <= Math.min(cx + radius, left + half - 1); x++)
          if ((x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2)
            out[((k * half + y - top) * half + x - left) * points + p] = 1;
    }
  }
  return out;
}
