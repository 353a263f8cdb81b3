// Keypoints by MMYOLO and MMPose (generate/pose.py).

import type { Keypoints } from '../src/geometry/keypoints';
import { COCO_PERSON } from '../src/geometry/skeleton';
import { goldenJson } from './golden-data';

export interface PoseSample {
  width: number;
  height: number;
  boxes: number[];
  points: number[];
}
type Placed = Pick<PoseSample, 'boxes' | 'points'>;
interface PoseGolden {
  transforms: Record<'resize' | 'flip' | 'affine' | 'mosaic' | 'mixup', { given: PoseSample[]; out: Placed }> & {
    affine: { matrix: number[] };
    mosaic: { center: [number, number] };
    mixup: { jitter: number; flip: boolean };
  };
  losses: {
    name: 'plain' | 'boxes' | 'sigmas';
    predicted: number[];
    points: number[];
    visible: number[];
    boxes: number[] | null;
    loss: number[];
    /** Whose sum was differentiated. */
    keep: number[];
    grad: number[];
  }[];
  assigner: {
    name: string;
    oks_weight: number;
    vis_weight: number;
    priors: number[];
    scores: number[];
    found: number[];
    keypoints: number[];
    boxes: number[];
    points: number[];
    assigned: number[];
    overlaps: number[];
  }[];
  metric: {
    coco: { images: { id: number; file_name: string }[]; annotations: object[]; categories: object[] };
    found: { id: number; scores: number[]; bboxes: number[]; keypoints: number[] }[];
    cases: { options: object; metrics: Record<string, number> }[];
  };
}

export const poseGolden = (): PoseGolden => goldenJson<PoseGolden>('pose');

export const keypointsOf = (points: readonly number[]): Keypoints => ({
  kind: 'keypoints',
  points: Float32Array.from(points),
  flipIndices: COCO_PERSON.flipIndices,
});
