// Targets of CenterNet2's first stage: a heat map of each class over the points of all levels, the box that each point near a center
// predicts, and the cells around centers that may become positives as well (Zhou et al., Probabilistic two-stage detection, 2021).
// Plain arrays; T points [T, 4] (x, y, stride, stride), G ground-truth boxes, C classes.

import type { Instances, Size } from '../task-modules';

export interface CenterOptions {
  /** [minimum, maximum] half of the diagonal of a box, by level. */
  ranges: readonly (readonly [number, number])[];
  /** Min radius of the heat of an object in pixels. */
  minRadius: number;
  /** Squared radius in units of twice the area. */
  delta: number;
}

export interface CenterTargets {
  /** [T, C]. */
  heat: Float32Array;
  /** Points that predict a box, and which ground truth [P]. */
  positive: number[];
  truths: number[];
}

/** Heat below is 0. */
const COLD = 1e-4;
const f = Math.fround;

const halfDiagonal = (w: number, h: number) => f(f(Math.sqrt(f(f(w * w) + f(h * h)))) / 2);

export function centerTargets(
  { bboxes, labels }: Instances,
  points: Float32Array,
  levels: readonly number[],
  classes: number,
  { ranges, minRadius, delta }: CenterOptions,
): CenterTargets {
  const count = points.length / 4;
  const heat = new Float32Array(count * classes);
  const nearest = new Float32Array(count).fill(Number.POSITIVE_INFINITY);
  const truthOf = new Int32Array(count).fill(-1);
  for (const [g, label] of labels.entries()) {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * g, 4 * g + 4);
    const [cx, cy] = [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)];
    const [w, h] = [f(x2 - x1), f(y2 - y1)];
    const radius = Math.max(f(delta ** 2 * 2 * f(w * h)), minRadius ** 2);
    let i = 0;
    for (const [level, size] of levels.entries()) {
      const [low, high] = ranges[level];
      for (const end = i + size; i < end; i++) {
        const [x, y, stride] = points.subarray(4 * i, 4 * i + 3);
        const dx = x - (Math.trunc(f(cx / stride)) * stride + stride / 2);
        const dy = y - (Math.trunc(f(cy / stride)) * stride + stride / 2);
        const squared = dx === 0 && dy === 0 ? 0 : f(f((x - cx) ** 2) + f((y - cy) ** 2));
        const distance = f(squared / radius);
        const value = Math.exp(-distance);
        const at = i * classes + label;
        if (value >= COLD && value > heat[at]) heat[at] = value;
        const [l, t, r, b] = [f(x - x1), f(y - y1), f(x2 - x), f(y2 - y)];
        const size = halfDiagonal(f(l + r), f(t + b));
        if (Math.min(l, t, r, b) <= 0 || Math.abs(dx) > stride || Math.abs(dy) > stride) continue;
        if (size < low || size > high || distance >= nearest[i]) continue;
        nearest[i] = distance;
        truthOf[i] = g;
      }
    }
  }
  const positive = [...truthOf.keys()].filter((i) => truthOf[i] >= 0);
  return { heat, positive, truths: positive.map((i) => truthOf[i]) };
}

/** A cell in the 3 x 3 around the center of a ground-truth box, on some level. */
export interface CenterCell {
  truth: number;
  /** Index among the T points; undefined outside the map, or outside the box. */
  point?: number;
  /** The center itself, on the level of the size of the box. */
  certain: boolean;
}

/** 9 cells for each ground truth and level, ground truth by ground truth. */
export function centerCells(
  { bboxes, labels }: Instances,
  sizes: readonly Size[],
  strides: readonly number[],
  ranges: CenterOptions['ranges'],
): CenterCell[] {
  const cells: CenterCell[] = [];
  for (const truth of labels.keys()) {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * truth, 4 * truth + 4);
    let start = 0;
    for (const [level, [height, width]] of sizes.entries()) {
      const stride = strides[level];
      const column = Math.trunc(f(f(f(x1 + x2) / 2) / stride));
      const row = Math.trunc(f(f(f(y1 + y2) / 2) / stride));
      const [cx, cy] = [column * stride + Math.floor(stride / 2), row * stride + Math.floor(stride / 2)];
      const sides = [f(cx - x1), f(cy - y1), f(x2 - cx), f(y2 - cy)];
      const size = halfDiagonal(f(sides[0] + sides[2]), f(sides[1] + sides[3]));
      const ofLevel = Math.min(...sides) >= 0 && size >= ranges[level][0] && size <= ranges[level][1];
      for (const dy of [-1, 0, 1])
        for (const dx of [-1, 0, 1]) {
          const [x, y] = [column + dx, row + dy];
          const moved = [dx, dy, -dx, -dy].map((step, k) => f(f(sides[k] / stride) + step));
          const inside = x >= 0 && y >= 0 && x < width && y < height && Math.min(...moved) >= 0;
          const point = inside ? start + y * width + x : undefined;
          cells.push({ truth, point, certain: ofLevel && dx === 0 && dy === 0 });
        }
      start += height * width;
    }
  }
  return cells;
}
