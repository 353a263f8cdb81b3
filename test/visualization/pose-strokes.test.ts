// Keypoints as strokes: lines of the skeleton whose ends are both shown, then dots.

import { expect, test } from 'vitest';
import { skeletonOfNames } from '../../src/data/datasets/coco/category-skeleton';
import { COCO_PERSON } from '../../src/geometry/skeleton';
import { poseStrokes } from '../../src/visualization/pose-strokes';

test("COCO's person, of which some keypoints are not sure enough", () => {
  const shown = [0, 1, 5];
  const keypoints = Array.from({ length: 17 }, (_, k) => [k, 2 * k, shown.includes(k) ? 0.5 : 0.2]).flat();
  const strokes = poseStrokes(keypoints);
  // nose and left eye are connected, the shoulder with neither
  expect(strokes).toEqual([[0, 0, 1, 2, '#3399ff'], ...shown.map((k) => [k, 2 * k, k, 2 * k, COCO_PERSON.colors[k]])]);
  expect(poseStrokes(keypoints.map((v, i) => (i % 3 === 2 ? 1 : v))).length).toBe(19 + 17);
});

test('other keypoints are dots', () => {
  expect(poseStrokes([1, 2, 1, 3, 4, 0])).toEqual([[1, 2, 1, 2, '#3399ff']]);
});

test('another skeleton has its lines and colours', () => {
  const skeleton = skeletonOfNames(['left', 'right'], [[0, 1]]);
  expect(poseStrokes([1, 2, 1, 3, 4, 1], skeleton)).toEqual([
    [1, 2, 3, 4, '#3399ff'],
    [1, 2, 1, 2, '#00ff00'],
    [3, 4, 3, 4, '#ff8000'],
  ]);
  expect(poseStrokes([1, 2, 1], skeleton)).toEqual([[1, 2, 1, 2, '#3399ff']]);
});
