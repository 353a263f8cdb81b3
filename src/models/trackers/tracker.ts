// What a tracker is, and the options that trackers share.

import { z } from 'zod';
import type { Detections } from '../../data/types';
import type { CameraMotion } from '../task-modules/tracking/camera-motion-compensation';

export interface Tracker {
  /** The tracked objects of the next frame, with `instanceIds`. */
  track(detections: Detections): Detections;
}

declare module '../../catalogue/registry' {
  interface Built {
    /** Of one video each. `camera`: how the image moves from frame to frame, of a model that finds out. */
    tracker: (camera?: CameraMotion) => Tracker;
  }
}

export const score = z.number().min(0).max(1);

export const trackerOptions = {
  motion: z
    .strictObject({
      type: z.literal('KalmanFilter'),
      center_only: z.literal(false).optional().describe('Only false: concerns appearance models'),
      use_nsa: z.literal(false).optional().describe('Only false'),
    })
    .default({ type: 'KalmanFilter' })
    .describe('Where a track is expected in the next frame'),
  init_track_thr: score
    .default(0.7)
    .describe('Score above which a detection begins a track while there is none, as in the first frame'),
  num_tentatives: z.int().positive().default(3).describe('Frames after which a track is confirmed'),
  num_frames_retain: z.int().positive().default(10).describe('Frames after which a track that is lost ends'),
};
