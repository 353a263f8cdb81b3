// The boxes and keypoints of an image when its pixels move. Of rotated boxes and of boxes by their corners, these move, and the upright boxes become
// those around them; they are not cut at the border of an image, and are inside it where their centers are, as in MMRotate.

import {
  boxesInside,
  clipBoxes,
  type FlipDirection,
  flipBoxes,
  type Size,
  scaleBoxes,
  shiftBoxes,
} from '../geometry/boxes';
import { flipKeypoints, hideOutside, type Keypoints, moveKeypoints } from '../geometry/keypoints';
import { project, projectBoxes } from '../geometry/projective-map';
import {
  aroundCorners,
  aroundRotated,
  CORNERS,
  centersIn,
  cornersAsRotated,
  flipRotated,
  mapPoints,
  rotatedCorners,
  scaleRotated,
  shiftRotated,
  turnRotated,
} from '../geometry/rotated-boxes';

export interface PlacedBoxes {
  bboxes: Float32Array;
  rboxes?: Float32Array;
  qboxes?: Float32Array;
  keypoints?: Keypoints;
}

interface Moves {
  upright(boxes: Float32Array): Float32Array;
  rotated(boxes: Float32Array): Float32Array;
  point(x: number, y: number): readonly [number, number];
  /** Of keypoints, where they are not points alone. */
  keypoints?(keypoints: Keypoints): Keypoints;
}

function moved<T extends PlacedBoxes>(instances: T, moves: Moves): T {
  const { keypoints } = instances;
  const boxes = movedBoxes(instances, moves);
  if (!keypoints) return boxes;
  return { ...boxes, keypoints: moves.keypoints?.(keypoints) ?? moveKeypoints(keypoints, moves.point) };
}

function movedBoxes<T extends PlacedBoxes>(instances: T, { upright, rotated, point }: Moves): T {
  const { bboxes, rboxes, qboxes } = instances;
  if (rboxes) {
    const turned = rotated(rboxes);
    return { ...instances, rboxes: turned, bboxes: aroundRotated(turned) };
  }
  if (!qboxes) return { ...instances, bboxes: upright(bboxes) };
  const corners = mapPoints(qboxes, point);
  return { ...instances, qboxes: corners, bboxes: aroundCorners(corners) };
}

export const scaleInstances = <T extends PlacedBoxes>(instances: T, factor: readonly [number, number]): T =>
  moved(instances, {
    upright: (boxes) => scaleBoxes(boxes, factor),
    rotated: (boxes) => scaleRotated(boxes, factor),
    point: (x, y) => [x * factor[0], y * factor[1]],
    keypoints: (points) => moveKeypoints(points, (x, y) => [x * Math.fround(factor[0]), y * Math.fround(factor[1])]),
  });

export const shiftInstances = <T extends PlacedBoxes>(instances: T, left: number, top: number): T =>
  moved(instances, {
    upright: (boxes) => shiftBoxes(boxes, left, top),
    rotated: (boxes) => shiftRotated(boxes, left, top),
    point: (x, y) => [x + left, y + top],
  });

export const flipInstances = <T extends PlacedBoxes>(instances: T, direction: FlipDirection, size: Size): T =>
  moved(instances, {
    upright: (boxes) => flipBoxes(boxes, direction, size),
    rotated: (boxes) => flipRotated(boxes, direction, size),
    point: (x, y) => [direction === 'vertical' ? x : size[1] - x, direction === 'horizontal' ? y : size[0] - y],
    keypoints: (points) => flipKeypoints(points, direction, size),
  });

/** @param homography 3 x 3, row by row */
export const projectInstances = <T extends PlacedBoxes>(instances: T, homography: Float32Array): T =>
  moved(instances, {
    upright: (boxes) => projectBoxes(homography, boxes),
    rotated: (boxes) => cornersAsRotated(mapPoints(rotatedCorners(boxes), (x, y) => project(homography, x, y))),
    point: (x, y) => project(homography, x, y),
  });

/** @param matrix of the turn by `degrees`, clockwise: two rows of three numbers */
export const turnInstances = <T extends PlacedBoxes>(instances: T, matrix: readonly number[], degrees: number): T => {
  const homography = Float32Array.of(...matrix, 0, 0, 1);
  return moved(instances, {
    upright: (boxes) => projectBoxes(homography, boxes),
    rotated: (boxes) => turnRotated(boxes, matrix, degrees),
    point: (x, y) => project(homography, x, y),
  });
};

export const clipInstances = <T extends PlacedBoxes>(instances: T, size: Size): T =>
  moved(instances, {
    upright: (boxes) => clipBoxes(boxes, size),
    rotated: (boxes) => boxes,
    point: (x, y) => [x, y],
    keypoints: (points) => hideOutside(points, size),
  });

/** Indices of the instances that are in an image of this size. */
export function instancesInside({ bboxes, rboxes, qboxes }: PlacedBoxes, size: Size): number[] {
  if (rboxes) return centersIn(rboxes, size);
  if (!qboxes) return boxesInside(bboxes, size);
  const centers = Float32Array.from({ length: (qboxes.length / CORNERS) * 5 }, (_, i) => {
    const [box, k] = [CORNERS * Math.floor(i / 5), i % 5];
    return k > 1 ? 0 : (qboxes[box + k] + qboxes[box + 2 + k] + qboxes[box + 4 + k] + qboxes[box + 6 + k]) / 4;
  });
  return centersIn(centers, size);
}

/** Whether the upright boxes are still those around the others: not after a step that moved them alone. */
export function boxesAgree({ bboxes, rboxes, qboxes }: PlacedBoxes): boolean {
  if (!rboxes && !qboxes) return true;
  const around = rboxes ? aroundRotated(rboxes) : aroundCorners(qboxes!);
  return around.length === bboxes.length && around.every((v, i) => Math.abs(v - bboxes[i]) <= 1e-3 * (1 + Math.abs(v)));
}
