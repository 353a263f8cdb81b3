// Precision and recall of WIDER FACE's evaluation: what the detections of an image find, in descending order of scores, and sums
// over the images at 1,000 thresholds. Coordinates are pixels that boxes contain, so that a side is 1 longer.

const THRESHOLDS = 1000;

/** Of each detection the face of highest IoU, the first of equal ones, or -1 where it is below the threshold. Boxes are xywh. */
export function faceOverlaps(found: Float64Array, faces: Float64Array, threshold: number): Int32Array {
  const nearest = new Int32Array(found.length / 4).fill(-1);
  for (let d = 0; d < nearest.length; d++) {
    let best = Number.NEGATIVE_INFINITY;
    let face = -1;
    for (let g = 0; g < faces.length / 4; g++) {
      const overlap = pixelIoU(found, 4 * d, faces, 4 * g);
      if (overlap > best) [best, face] = [overlap, g];
    }
    if (best >= threshold) nearest[d] = face;
  }
  return nearest;
}

function pixelIoU(a: Float64Array, i: number, b: Float64Array, k: number): number {
  const [ax, ay, bx, by] = [a[i] + a[i + 2], a[i + 1] + a[i + 3], b[k] + b[k + 2], b[k + 1] + b[k + 3]];
  const width = Math.min(ax, bx) - Math.max(a[i], b[k]) + 1;
  if (!(width > 0)) return 0;
  const height = Math.min(ay, by) - Math.max(a[i + 1], b[k + 1]) + 1;
  if (!(height > 0)) return 0;
  const shared = width * height;
  const area = (ax - a[i] + 1) * (ay - a[i + 1] + 1);
  return shared / (area + (bx - b[k] + 1) * (by - b[k + 1] + 1) - shared);
}

export interface SettingPoints {
  /** [thresholds, 2]: detections that count, and faces that they find, from the highest threshold down. */
  readonly points: Float64Array;
  /**
   * @param scores of an image, descending, 0 to 1
   * @param nearest the face of each detection
   * @param counted 1 for faces of the setting; who finds another one does not count
   */
  add(scores: Float64Array, nearest: Int32Array, counted: Uint8Array): void;
}

export function settingPoints(): SettingPoints {
  const points = new Float64Array(2 * THRESHOLDS);
  return {
    points,
    add(scores, nearest, counted) {
      const isFound = new Uint8Array(counted.length);
      let [taken, proposals, faces] = [0, 0, 0];
      for (let t = 0; t < THRESHOLDS; t++) {
        const threshold = 1 - (t + 1) / THRESHOLDS;
        for (; taken < scores.length && scores[taken] >= threshold; taken++) {
          const face = nearest[taken];
          if (face >= 0 && counted[face] === 0) continue;
          proposals++;
          if (face < 0 || isFound[face] === 1) continue;
          isFound[face] = 1;
          faces++;
        }
        points[2 * t] += proposals;
        points[2 * t + 1] += faces;
      }
    },
  };
}

/** The area under the envelope of the precisions; -1 where there are no faces. */
export function widerAveragePrecision(points: Float64Array, faces: number): number {
  if (faces === 0) return -1;
  let [area, best, above] = [0, 0, 1];
  // from the lowest threshold up; recall 1, which none may reach, has precision 0
  for (let t = THRESHOLDS - 1; t >= 0; t--) {
    const recall = points[2 * t + 1] / faces;
    if (recall !== above) area += (above - recall) * best;
    above = recall;
    const precision = points[2 * t] === 0 ? 0 : points[2 * t + 1] / points[2 * t];
    best = Math.max(best, precision);
  }
  return area + above * best;
}
