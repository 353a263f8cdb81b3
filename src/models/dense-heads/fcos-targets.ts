// Which point learns which box in FCOS: points inside a truth (or near its middle) whose farthest side lies in the range of
// their level; of several truths the smallest wins.

import type { Instances } from '../task-modules';

export interface FCOSTargetOptions {
  /** [least, largest] distance of the farthest side, by level. */
  ranges: [number, number][];
  /** Points within this many strides of the middle only. */
  radius?: number;
}

/** Label of every point (`classes` for background) and its distances left, top, right, bottom. */
export function fcosTargets(
  priors: Float32Array,
  levels: number[],
  { bboxes, labels }: Instances,
  classes: number,
  { ranges, radius }: FCOSTargetOptions,
): { labels: Int32Array; distances: Float32Array } {
  const count = priors.length / 4;
  const out = new Int32Array(count).fill(classes);
  const distances = new Float32Array(4 * count);
  const smallest = new Float32Array(count).fill(1e8);
  const f = Math.fround;
  for (let g = 0; g < labels.length; g++) {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
    const area = f(f(x2 - x1) * f(y2 - y1));
    const [cx, cy] = [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)];
    let i = 0;
    for (const [level, size] of levels.entries()) {
      const [least, largest] = ranges[level];
      for (const end = i + size; i < end; i++) {
        const [x, y, stride] = priors.subarray(4 * i, 4 * i + 3);
        const [l, t, r, b] = [f(x - x1), f(y - y1), f(x2 - x), f(y2 - y)];
        const reach = radius === undefined ? 0 : f(stride * radius);
        const inside =
          radius === undefined
            ? Math.min(l, t, r, b) > 0
            : Math.min(
                f(x - Math.max(f(cx - reach), x1)),
                f(y - Math.max(f(cy - reach), y1)),
                f(Math.min(f(cx + reach), x2) - x),
                f(Math.min(f(cy + reach), y2) - y),
              ) > 0;
        const farthest = Math.max(l, t, r, b);
        if (!inside || farthest < least || farthest > largest || area >= smallest[i]) continue;
        smallest[i] = area;
        out[i] = labels[g];
        distances.set([l, t, r, b], 4 * i);
      }
    }
  }
  return { labels: out, distances };
}
