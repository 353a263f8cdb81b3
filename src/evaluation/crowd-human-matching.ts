// CrowdHuman's matching of one image: Caltech's, where a detection takes the free person of highest IoU, else disappears in an
// ignored region; and the largest one-to-one matching, of which the Jaccard index is made.

import { overlapFloat32 } from './float32-overlaps';

/** One image's boxes, float32 xyxy, clipped to the image. */
export interface CrowdedImage {
  people: Float32Array;
  regions: Float32Array;
  detections: Float32Array;
  /** Of the detections, best first. */
  scores: Float32Array;
}

/** Of each detection, best first: 1 right, 0 wrong, -1 in an ignored region. */
export function matchCaltech({ people, regions, detections, scores }: CrowdedImage, threshold: number): number[] {
  const taken = new Set<number>();
  return Array.from(scores, (_, d) => {
    let [best, at] = [Math.fround(threshold), -1];
    for (let g = 0; 4 * g < people.length; g++) {
      if (taken.has(g)) continue;
      const overlap = overlapFloat32(detections, d, people, g);
      if (overlap > best) [best, at] = [overlap, g];
    }
    if (at >= 0) {
      taken.add(at);
      return 1;
    }
    return isInside(detections, d, regions, threshold) ? -1 : 0;
  });
}

function isInside(boxes: Float32Array, i: number, regions: Float32Array, threshold: number): boolean {
  for (let r = 0; 4 * r < regions.length; r++)
    if (overlapFloat32(boxes, i, regions, r, { mode: 'iof' }) > Math.fround(threshold)) return true;
  return false;
}

/** Matched pairs over pairs, people and detections that are in no ignored region; of the detections above a score. */
export function jaccardIndex(
  image: CrowdedImage,
  threshold: number,
  score: number,
): { ratio: number; counts: boolean } {
  const { people, regions, detections, scores } = image;
  const kept = Array.from(scores, (_, d) => d).filter((d) => scores[d] > score);
  const objects = people.length / 4;
  const pairs = kept.map((d) =>
    Array.from({ length: objects }, (_, g) => g).filter((g) => {
      const overlap = overlapFloat32(detections, d, people, g);
      return overlap >= Math.fround(threshold) && overlap > 0;
    }),
  );
  const { ofLeft, ofRight } = largestMatching(pairs, objects);
  const matched = ofLeft.filter((g) => g >= 0).length;
  const lostDetections = kept.filter((d, i) => ofLeft[i] < 0 && isInside(detections, d, regions, threshold)).length;
  const lostPeople = ofRight.filter((d, g) => d < 0 && isInside(people, g, regions, threshold)).length;
  const [m, n] = [objects - lostPeople, kept.length - lostDetections];
  return { ratio: matched / (m + n - matched + 1e-6), counts: m !== 0 || n !== 0 };
}

/** A matching of the most pairs, by augmenting paths. @param pairs of each left node, its right ones */
function largestMatching(
  pairs: readonly (readonly number[])[],
  right: number,
): { ofLeft: number[]; ofRight: number[] } {
  const ofLeft = pairs.map(() => -1);
  const ofRight = Array.from({ length: right }, () => -1);
  const augment = (left: number, seen: Set<number>): boolean => {
    for (const node of pairs[left]) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (ofRight[node] >= 0 && !augment(ofRight[node], seen)) continue;
      [ofRight[node], ofLeft[left]] = [left, node];
      return true;
    }
    return false;
  };
  for (let left = 0; left < pairs.length; left++) augment(left, new Set());
  return { ofLeft, ofRight };
}

/** Boxes clipped as CrowdHuman's toolkit does: the first corner to the last pixel, the second to the size. */
export function clipped(boxes: ArrayLike<number>, width: number, height: number): Float32Array {
  return Float32Array.from(boxes, (value, i) => {
    const size = i % 2 === 0 ? width : height;
    return i % 4 < 2 ? Math.min(Math.max(value, 0), size - 1) : Math.max(Math.min(value, size), 0);
  });
}
