// StrongSORTTracker: DeepSORT with the cosine of appearances that are averaged over time, a share of the motion in the cost,
// noise that sure detections lower, and tracks that follow the camera. Du et al., StrongSORT, IEEE TMM 2023; equal to MMDetection
// 3.3.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { CameraMotion } from '../task-modules/tracking/camera-motion-compensation';
import { appearanceOf, appearanceOptions, motionOptions, sortOptions } from './sort-options';
import { type SortOptions, SortTracks } from './sort-tracks';
import { cosineDistances } from './track-embeddings';
import { score, type TrackerFactory } from './tracker';

const options = z.strictObject({
  motion: z
    .strictObject({
      ...motionOptions,
      use_nsa: z.boolean().default(false).describe('The surer a detection, the less noise is expected of it'),
    })
    .prefault({ type: 'KalmanFilter' })
    .describe('Where a track is expected in the next frame'),
  obj_score_thr: score.default(0.6).describe('Score above which detections are used'),
  reid: z
    .strictObject({
      ...appearanceOptions,
      num_samples: appearanceOptions.num_samples.default(null),
      match_score_thr: z.number().positive().default(0.3).describe('Cost up to which a detection is a track'),
      motion_weight: score.default(0.02).describe('Share of the motion in the cost'),
    })
    .nullable()
    .prefault({})
    .describe('Matching by appearance, which needs a model with a reid; null: by overlap alone'),
  match_iou_thr: score.default(0.7).describe('IoU above which a detection is the track of the frame before'),
  num_tentatives: z.int().positive().default(2).describe('Frames after which a track is confirmed'),
  ...sortOptions,
});
type Options = z.output<typeof options>;

export const StrongSORTTracker = defineModule({
  kind: 'tracker',
  type: 'StrongSORTTracker',
  summary:
    'Gives the objects of a video identities by what they look like and how they move, also where the camera does',
  paper: 'Du et al., StrongSORT: Make DeepSORT Great Again, IEEE Transactions on Multimedia 2023',
  shapes: 'detections of a frame, with embeddings [n, C] unless reid is null -> those that are tracked, with ids',
  example: "{ type: 'StrongSORTTracker', motion: { type: 'KalmanFilter', use_nsa: true }, momentums: { embeds: 0.1 } }",
  options,
  build: (given): TrackerFactory =>
    Object.assign((camera?: CameraMotion) => new Tracks(given, camera), {
      appearance: appearanceOf(given.obj_score_thr, given.reid),
      followsCamera: true,
    }),
});

class Tracks extends SortTracks {
  private readonly motionWeight: number;
  private readonly usesScores: boolean;

  constructor(given: Options, camera?: CameraMotion) {
    super('StrongSORTTracker', given satisfies SortOptions, camera);
    this.motionWeight = given.reid?.motion_weight ?? 0;
    this.usesScores = given.motion.use_nsa;
  }

  protected override appearanceCosts(
    tracks: readonly { embedding: Float32Array }[],
    detections: readonly Float32Array[],
    motion: Float64Array,
  ): Float64Array {
    const weight = this.motionWeight;
    const distances = cosineDistances(
      tracks.map(({ embedding }) => embedding),
      detections,
    );
    return Float64Array.from(
      distances,
      (distance, k) => Math.fround(Math.fround(1 - weight) * distance) + weight * motion[k],
    );
  }

  protected override noise(score: number): number {
    return this.usesScores ? 1 - score : 1;
  }
}
