// What a tracker is, and the options that trackers share.

import { z } from 'zod';
import type { Detections } from '../../data/types';
import type { CameraMotion } from '../task-modules/tracking/camera-motion-compensation';

/** What a tracker wants to know of the objects besides their boxes. */
export interface AppearanceRequest {
  /** Of detections with scores above this. */
  threshold: number;
  /** [height, width] to which what is in a box is resized. */
  size: readonly [number, number];
  /** Normalisation of the pixels; absent: that of the detector. */
  pixels?: { mean: readonly number[]; std: readonly number[]; to_rgb: boolean };
}

/** Makes the tracker of one video. `camera`: how the image moves from frame to frame, of a model that finds out. */
export interface TrackerFactory {
  (camera?: CameraMotion): Tracker;
  /** Of a tracker that reads the embeddings of detections. */
  appearance?: AppearanceRequest;
  /** Whether it follows the camera. */
  followsCamera?: boolean;
}

export interface Tracker {
  /** The tracked objects of the next frame, with `instanceIds`. */
  track(detections: Detections): Detections;
}

declare module '../../catalogue/registry' {
  interface Built {
    tracker: TrackerFactory;
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
