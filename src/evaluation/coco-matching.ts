// COCO's matching of detections to ground truth within one image and class (pycocotools' evaluateImg), for every size
// range and IoU threshold. The matches of one detection over all thresholds are one bit mask.

/** Size ranges in square pixels: all, small, medium, large. */
export const AREA_RANGES: readonly (readonly [number, number])[] = [
  [0, 1e10],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e10],
];

export interface MatchInput {
  /** IoU [detections, truths], row-major, in descending order of scores; for ignored ones, over the detection's area. */
  overlaps: Float64Array;
  detectionAreas: Float64Array;
  /** Areas of the ground truth. */
  areas: Float64Array;
  /** 1: crowd or difficult; may match several detections. */
  ignored: Uint8Array;
  thresholds: readonly number[];
  ranges?: typeof AREA_RANGES;
  /** Whether `truthOf` is asked for. */
  withTruths?: boolean;
}

export interface MatchOutput {
  /** [ranges, detections]: bit t is set if detection d is matched at threshold t. */
  matched: Uint32Array;
  /** [ranges, detections]: bit t is set if detection d is ignored at threshold t. */
  ignored: Uint32Array;
  /** Number of ground-truth objects that are not ignored, per range. */
  positives: number[];
  /** [thresholds, detections], of the first range: the object that detection d is matched to, or -1. */
  truthOf?: Int32Array;
}

/** Greedy matching in descending order of scores, each to the free object of highest IoU; ignored ones come last. */
export function matchDetections(input: MatchInput): MatchOutput {
  const { overlaps, detectionAreas, areas, ignored, thresholds, ranges = AREA_RANGES, withTruths } = input;
  const n = detectionAreas.length;
  const m = areas.length;
  const allBits = thresholds.length === 32 ? 0xffffffff : 2 ** thresholds.length - 1;
  const output: MatchOutput = {
    matched: new Uint32Array(ranges.length * n),
    ignored: new Uint32Array(ranges.length * n),
    positives: [],
  };
  if (withTruths) output.truthOf = new Int32Array(thresholds.length * n).fill(-1);
  const order = new Int32Array(m);
  const taken = new Uint8Array(m);
  for (const [range, [low, high]] of ranges.entries()) {
    const isIgnored = (g: number) => ignored[g] === 1 || areas[g] < low || areas[g] > high;
    let positives = 0;
    for (let g = 0; g < m; g++) if (!isIgnored(g)) order[positives++] = g;
    for (let g = 0, k = positives; g < m; g++) if (isIgnored(g)) order[k++] = g;
    output.positives.push(positives);

    for (let t = 0; m > 0 && t < thresholds.length; t++) {
      const threshold = Math.min(thresholds[t], 1 - 1e-10);
      const bit = 1 << t;
      taken.fill(0);
      for (let d = 0; d < n; d++) {
        let best = threshold;
        let match = -1;
        for (let k = 0; k < m; k++) {
          // a match that is not ignored is kept over ignored ones (from `positives` on)
          if (match >= 0 && k === positives) break;
          const g = order[k];
          if (taken[g] === 1 && ignored[g] === 0) continue;
          const overlap = overlaps[d * m + g];
          if (overlap < best) continue;
          best = overlap;
          match = k;
        }
        if (match < 0) continue;
        taken[order[match]] = 1;
        output.matched[range * n + d] |= bit;
        if (output.truthOf && range === 0) output.truthOf[t * n + d] = order[match];
        if (match >= positives) output.ignored[range * n + d] |= bit;
      }
    }
    for (let d = 0; d < n; d++) {
      const area = detectionAreas[d];
      const index = range * n + d;
      if (area < low || area > high) output.ignored[index] |= allBits & ~output.matched[index];
    }
  }
  return output;
}

/** IoU of boxes xywh, [detections, truths]; for a crowd, intersection over the detection's area. */
export function boxOverlaps(detections: Float64Array, truths: Float64Array, crowd: Uint8Array): Float64Array {
  const n = detections.length / 4;
  const m = crowd.length;
  const out = new Float64Array(n * m);
  for (let d = 0; d < n; d++) {
    const dx = detections[4 * d];
    const dy = detections[4 * d + 1];
    const dw = detections[4 * d + 2];
    const dh = detections[4 * d + 3];
    for (let g = 0; g < m; g++) {
      const gx = truths[4 * g];
      const gy = truths[4 * g + 1];
      const gw = truths[4 * g + 2];
      const gh = truths[4 * g + 3];
      const w = Math.min(dx + dw, gx + gw) - Math.max(dx, gx);
      if (w <= 0) continue;
      const h = Math.min(dy + dh, gy + gh) - Math.max(dy, gy);
      if (h <= 0) continue;
      const overlap = w * h;
      out[d * m + g] = overlap / (crowd[g] ? dw * dh : dw * dh + gw * gh - overlap);
    }
  }
  return out;
}
