// Object keypoint similarity (OKS) of detections and objects, as pycocotools' computeOks, and the suppression by it of MMPose.

import type { ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections } from './report';

/** The ground truth of keypoints; objects without a visible keypoint are ignored. */
export interface PoseTruths extends ImageTruths {
  /** x, y, visibility [n, K, 3]. */
  keypoints: Float32Array;
}

/** float64's distance from 1 to the next number. */
const EPSILON = 2 ** -52;

export class KeypointOverlaps implements ImageOverlaps {
  private readonly variances: Float64Array;
  private found: BoxDetections = { bboxes: [], scores: [], labels: [] };
  private truths?: PoseTruths;

  constructor(sigmas: ArrayLike<number>) {
    this.variances = Float64Array.from(sigmas, (sigma) => (2 * sigma) ** 2);
  }

  load(detections: BoxDetections, truths: PoseTruths): void {
    this.found = detections;
    this.truths = truths;
  }

  /** That of the box. */
  area(detection: number): number {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => this.found.bboxes[4 * detection + k]);
    return (x2 - x1) * (y2 - y1);
  }

  /** Over the labelled keypoints; of an object without any, over the distances to its box, enlarged to three times its sides. */
  overlap(detection: number, truth: number): number {
    const { variances, found, truths } = this;
    const { keypoints, areas, boxes } = truths!;
    const count = variances.length;
    const [d, g] = [3 * count * detection, 3 * count * truth];
    const size = areas[truth] + EPSILON;
    let [sum, labelled] = [0, 0];
    for (let k = 0; k < count; k++) {
      if (!(keypoints[g + 3 * k + 2] > 0)) continue;
      const dx = found.keypoints![d + 3 * k] - keypoints[g + 3 * k];
      const dy = found.keypoints![d + 3 * k + 1] - keypoints[g + 3 * k + 1];
      sum += Math.exp(-((dx * dx + dy * dy) / variances[k] / size / 2));
      labelled++;
    }
    if (labelled > 0) return sum / labelled;
    const [x, y, w, h] = boxes.subarray(4 * truth, 4 * truth + 4);
    const outside = (v: number, low: number, side: number) =>
      Math.max(0, low - side - v) + Math.max(0, v - (low + 2 * side));
    for (let k = 0; k < count; k++) {
      const dx = outside(found.keypoints![d + 3 * k], x, w);
      const dy = outside(found.keypoints![d + 3 * k + 1], y, h);
      sum += Math.exp(-((dx * dx + dy * dy) / variances[k] / size / 2));
    }
    return sum / count;
  }
}

/** Poses as the suppression compares them. */
export interface Poses {
  /** x, y, score [n, K, 3]. */
  keypoints: Float32Array;
  scores: Float64Array;
}

/** Of two poses, relative to the mean area of the boxes around their keypoints. */
function poseSimilarities({ keypoints }: Poses, sigmas: ArrayLike<number>): (a: number, b: number) => number {
  const count = sigmas.length;
  const width = 3 * count;
  const areas = Float64Array.from({ length: keypoints.length / width }, (_, i) => {
    const ends = [0, 1].map((axis) => {
      const values = Array.from({ length: count }, (_, k) => keypoints[i * width + 3 * k + axis]);
      return Math.fround(Math.max(...values) - Math.min(...values));
    });
    return Math.fround(ends[0] * ends[1]);
  });
  return (a, b) => {
    const size = (areas[a] + areas[b]) / 2 + EPSILON;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const dx = Math.fround(keypoints[b * width + 3 * k] - keypoints[a * width + 3 * k]);
      const dy = Math.fround(keypoints[b * width + 3 * k + 1] - keypoints[a * width + 3 * k + 1]);
      sum += Math.exp(-((dx * dx + dy * dy) / (2 * sigmas[k]) ** 2 / size / 2));
    }
    return Math.fround(sum / count);
  };
}

/** By descending score; of equal ones the last first, as NumPy's reversed order. */
const ranked = (order: number[], scores: ArrayLike<number>): number[] =>
  order.sort((a, b) => scores[b] - scores[a] || b - a);

/** Indices of the poses that remain, best first: one that resembles a better one by more than `threshold` does not. */
export function suppressPoses(poses: Poses, threshold: number, sigmas: ArrayLike<number>): number[] {
  const similarity = poseSimilarities(poses, sigmas);
  let order = ranked([...poses.scores.keys()], poses.scores);
  const kept: number[] = [];
  while (order.length > 0) {
    const [best, ...others] = order;
    kept.push(best);
    order = others.filter((other) => similarity(best, other) <= threshold);
  }
  return kept;
}

/** The same, where poses lose score by what they resemble; the best `limit` remain, with the scores that they had. */
export function softSuppressPoses(poses: Poses, threshold: number, sigmas: ArrayLike<number>, limit = 20): number[] {
  const similarity = poseSimilarities(poses, sigmas);
  const scores = poses.scores.slice();
  let order = ranked([...scores.keys()], scores);
  const kept: number[] = [];
  while (order.length > 0 && kept.length < limit) {
    const [best, ...others] = order;
    kept.push(best);
    for (const other of others) scores[other] *= Math.exp(-(similarity(best, other) ** 2) / threshold);
    order = ranked(others, scores);
  }
  return kept;
}
