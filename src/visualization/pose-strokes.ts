// The keypoints of an object as strokes: the lines of its skeleton, then a dot for each keypoint, in the skeleton's colours. Where none is
// known 17 keypoints are COCO's person; of another number there are dots alone.

import { COCO_PERSON, SIDE_COLOURS, type Skeleton } from '../geometry/skeleton';

/** x1, y1, x2, y2 and the colour; a dot ends where it begins. */
export type Stroke = readonly [number, number, number, number, string];

/** From which score on a keypoint is drawn. */
const SHOWN_FROM = 0.3;

/**
 * @param keypoints x, y and score (or visibility) of each
 * @param skeleton what they are; one of another number of keypoints is not theirs
 */
export function poseStrokes(keypoints: ArrayLike<number>, skeleton: Skeleton = COCO_PERSON): Stroke[] {
  const count = keypoints.length / 3;
  const { links, linkColors, colors } = skeleton;
  const isKnown = count === skeleton.names.length;
  const at = (k: number): [number, number] => [keypoints[3 * k], keypoints[3 * k + 1]];
  const isShown = (k: number) => keypoints[3 * k + 2] >= SHOWN_FROM;
  const lines = (isKnown ? links : []).flatMap(([a, b], i): Stroke[] =>
    isShown(a) && isShown(b) ? [[...at(a), ...at(b), linkColors[i]]] : [],
  );
  const dots = Array.from({ length: count }, (_, k) => k).flatMap((k): Stroke[] =>
    isShown(k) ? [[...at(k), ...at(k), isKnown ? colors[k] : SIDE_COLOURS.middle]] : [],
  );
  return [...lines, ...dots];
}
