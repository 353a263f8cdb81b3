// Merging detections of tiles against sahi's NMS and GREEDYNMM, and its properties.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MergeOverlappingOptions, mergeOverlapping } from '../../src/ops/merge-overlapping';

interface Plain {
  bboxes: number[];
  scores: number[];
  labels: number[];
}
const { merge } = JSON.parse(readFileSync(join(__dirname, '../golden/tiles_fusion.json'), 'utf8')) as {
  merge: (Plain & { options: MergeOverlappingOptions; expected: Plain })[];
};
const boxesOf = ({ bboxes, scores, labels }: Plain) => ({
  bboxes: Float32Array.from(bboxes),
  scores: Float32Array.from(scores),
  labels: Int32Array.from(labels),
});

describe('merging overlapping boxes', () => {
  it.each(merge.map((one, i) => [one.options.type, one.options.metric, i, one] as const))(
    "equals sahi's %s by %s: case %i",
    (_, __, ___, one) => {
      const { bboxes, scores, labels } = mergeOverlapping(boxesOf(one), one.options);
      expect([...labels]).toEqual(one.expected.labels);
      expect(scores).toEqual(Float32Array.from(one.expected.scores));
      expect(bboxes).toEqual(Float32Array.from(one.expected.bboxes));
    },
  );

  it('joins the halves of an object that a border cuts, and says which boxes they were', () => {
    const halves = boxesOf({
      bboxes: [10, 10, 60, 40, 50, 10, 100, 40, 0, 0, 5, 5],
      scores: [0.6, 0.9, 0.5],
      labels: [0, 0, 0],
    });
    const merged = mergeOverlapping(halves, { threshold: 0.15 });
    expect([...merged.bboxes]).toEqual([10, 10, 100, 40, 0, 0, 5, 5]);
    expect(merged.groups).toEqual([[1, 0], [2]]);
    expect(mergeOverlapping(halves, { threshold: 0.15, type: 'nms' }).groups).toEqual([[1], [2]]);
  });

  it('does not depend on the order of equal scores', () => {
    const a = boxesOf({ bboxes: [0, 0, 10, 10, 1, 0, 11, 10], scores: [0.5, 0.5], labels: [0, 0] });
    const b = boxesOf({ bboxes: [1, 0, 11, 10, 0, 0, 10, 10], scores: [0.5, 0.5], labels: [0, 0] });
    expect([...mergeOverlapping(a, { type: 'nms' }).bboxes]).toEqual([...mergeOverlapping(b, { type: 'nms' }).bboxes]);
  });

  it('drops no box without area for another, and takes none', () => {
    const points = boxesOf({ bboxes: [5, 5, 5, 5, 5, 5, 5, 5], scores: [0.5, 0.4], labels: [0, 0] });
    expect(mergeOverlapping(points).groups).toEqual([[0], [1]]);
    expect(mergeOverlapping(boxesOf({ bboxes: [], scores: [], labels: [] })).groups).toEqual([]);
  });
});
