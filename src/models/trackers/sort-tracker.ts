// SORTTracker: the tracker of SORT (Bewley et al., ICIP 2016) and, with a model of appearance, of DeepSORT (Wojke et al., ICIP
// 2017). Equal to MMDetection 3.3, in which every track is tentative at first and a frame without detections moves no track.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { appearanceOf, appearanceOptions, motionOptions, sortOptions, withoutNsa } from './sort-options';
import { SortTracks } from './sort-tracks';
import { euclideanDistances } from './track-embeddings';
import { score, type TrackerFactory } from './tracker';

const options = z.strictObject({
  motion: z
    .strictObject({ ...motionOptions, use_nsa: withoutNsa })
    .prefault({ type: 'KalmanFilter' })
    .describe('Where a track is expected in the next frame'),
  obj_score_thr: score.default(0.3).describe('Score above which detections are used'),
  reid: z
    .strictObject({
      ...appearanceOptions,
      num_samples: appearanceOptions.num_samples.default(null),
      match_score_thr: z
        .number()
        .positive()
        .default(2)
        .describe('Distance up to which two appearances are of one object'),
    })
    .nullable()
    .prefault({ num_samples: 10 })
    .describe('Matching by appearance, which needs a model with a reid; null: by overlap alone, which is SORT'),
  match_iou_thr: score.default(0.7).describe('IoU above which a detection is the track of the frame before'),
  num_tentatives: z.int().positive().default(3).describe('Frames after which a track is confirmed'),
  ...sortOptions,
});

export const SORTTracker = defineModule({
  kind: 'tracker',
  type: 'SORTTracker',
  summary:
    'Gives the objects of a video identities by what they look like and by overlap; without reid by overlap alone',
  paper: 'Wojke, Bewley and Paulus: Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017',
  shapes: 'detections of a frame, with embeddings [n, C] unless reid is null -> those that are tracked, with ids',
  example: "{ type: 'SORTTracker', obj_score_thr: 0.5, match_iou_thr: 0.5, reid: null }",
  options,
  build: (given): TrackerFactory =>
    Object.assign(() => new Tracks('SORTTracker', given), {
      appearance: appearanceOf(given.obj_score_thr, given.reid),
    }),
});

class Tracks extends SortTracks {
  protected override appearanceCosts(
    tracks: readonly { embedding: Float32Array }[],
    detections: readonly Float32Array[],
    motion: Float64Array,
  ): Float32Array {
    const distances = euclideanDistances(
      tracks.map(({ embedding }) => embedding),
      detections,
    );
    return distances.map((distance, k) => (Number.isNaN(motion[k]) ? Number.NaN : distance));
  }

  protected override noise(): number {
    return 1;
  }
}
