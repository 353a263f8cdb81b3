// Keypoints of n objects, K each: x, y and whether it is visible. They move with the pixels; one that leaves the image is no longer
// visible, and a mirrored image swaps left and right. In single precision, as MMYOLO's.

import type { Skeleton } from './skeleton';

const f = Math.fround;

export interface Keypoints {
  readonly kind: 'keypoints';
  /** [n, K, 3]: x, y in pixels, and visibility, 0 to 1; raw annotations have COCO's 0, 1 and 2. */
  readonly points: Float32Array;
  /** Of each of the K keypoints, the one that it is in a mirrored image. */
  readonly flipIndices: readonly number[];
  /** What they are, for drawings. */
  readonly skeleton?: Skeleton;
}

type Size = readonly [height: number, width: number];

/** Every keypoint where `place` puts it. */
export function moveKeypoints(
  keypoints: Keypoints,
  place: (x: number, y: number) => readonly [number, number],
): Keypoints {
  const points = keypoints.points.slice();
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = place(points[i], points[i + 1]);
    points[i] = x;
    points[i + 1] = y;
  }
  return { ...keypoints, points };
}

/** In a mirrored image (not one that is turned by 180 degrees) a left eye is a right one. */
export function flipKeypoints(
  keypoints: Keypoints,
  direction: 'horizontal' | 'vertical' | 'diagonal',
  [height, width]: Size,
): Keypoints {
  const moved = moveKeypoints(keypoints, (x, y) => [
    direction === 'vertical' ? x : f(width - x),
    direction === 'horizontal' ? y : f(height - y),
  ]);
  if (direction === 'diagonal') return moved;
  const { flipIndices } = keypoints;
  const count = flipIndices.length;
  const points = new Float32Array(moved.points.length);
  for (let i = 0; i < points.length / 3; i++) {
    const from = i - (i % count) + flipIndices[i % count];
    points.set(moved.points.subarray(3 * from, 3 * from + 3), 3 * i);
  }
  return { ...moved, points };
}

/** Keypoints outside the image are not visible. */
export function hideOutside(keypoints: Keypoints, [height, width]: Size): Keypoints {
  const points = keypoints.points.slice();
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = [points[i], points[i + 1]];
    if (x < 0 || y < 0 || x > width || y > height) points[i + 2] = 0;
  }
  return { ...keypoints, points };
}

export function takeKeypoints(keypoints: Keypoints, indices: ArrayLike<number>): Keypoints {
  const width = 3 * keypoints.flipIndices.length;
  const points = new Float32Array(indices.length * width);
  for (let i = 0; i < indices.length; i++)
    points.set(keypoints.points.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
  return { ...keypoints, points };
}

/** @param parts at least one */
export function concatKeypoints(parts: readonly Keypoints[]): Keypoints {
  const points = new Float32Array(parts.reduce((sum, part) => sum + part.points.length, 0));
  let at = 0;
  for (const part of parts) {
    points.set(part.points, at);
    at += part.points.length;
  }
  return { ...parts[0], points };
}

/** Of each object, how many of its keypoints are visible; fractions add up, and are cut off. */
export function visibleCounts({ points, flipIndices }: Keypoints): Int32Array {
  const width = 3 * flipIndices.length;
  return Int32Array.from({ length: width === 0 ? 0 : points.length / width }, (_, i) => {
    let sum = 0;
    for (let k = 2; k < width; k += 3) sum = f(sum + points[i * width + k]);
    return sum;
  });
}

export interface SimilarityInput {
  /** x, y of P predictions [P, K, `stride`]; what follows them is not read. */
  predicted: Float32Array;
  stride: number;
  /** x, y and visibility of G objects [G, K, 3]. */
  truths: Float32Array;
  /** xyxy [G, 4]; the diagonal is the size of an object. */
  bboxes: Float32Array;
  /** How exactly each keypoint is annotated [K]; 1 without. */
  sigmas?: ArrayLike<number>;
}

/**
 * Object keypoint similarity of every prediction and object [P, G], as YOLO-Pose's loss has it (Maji et al., CVPRW 2022): the mean over
 * the visible keypoints of exp(-d^2 / 2), d in sigmas and diagonals of the box; 0 of an object without a visible one.
 */
export function keypointSimilarities({ predicted, stride, truths, bboxes, sigmas }: SimilarityInput): Float32Array {
  const objects = bboxes.length / 4;
  const count = objects === 0 ? 0 : truths.length / objects / 3;
  const rows = count === 0 ? 0 : predicted.length / (count * stride);
  const out = new Float32Array(rows * objects);
  for (let g = 0; g < objects; g++) {
    const [w, h] = [f(bboxes[4 * g + 2] - bboxes[4 * g]), f(bboxes[4 * g + 3] - bboxes[4 * g + 1])];
    const diagonal = Math.max(f(Math.sqrt(w * w + h * h)), f(1e-8));
    let weights = 0;
    for (let k = 0; k < count; k++) weights = f(weights + truths[3 * (g * count + k) + 2]);
    for (let p = 0; p < rows; p++) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        const [at, of] = [(p * count + k) * stride, 3 * (g * count + k)];
        const weight = truths[of + 2];
        if (weight === 0) continue;
        const [dx, dy] = [f(predicted[at] - truths[of]), f(predicted[at + 1] - truths[of + 1])];
        const distance = f(f(f(Math.sqrt(dx * dx + dy * dy)) / f(sigmas?.[k] ?? 1)) / diagonal);
        sum = f(sum + f(f(Math.exp(f(f(-distance * distance) / 2))) * weight));
      }
      out[p * objects + g] = sum / Math.max(weights, 1e-8);
    }
  }
  return out;
}
