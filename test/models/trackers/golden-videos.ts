// Videos through MMDetection's trackers: detections by frame, and what was tracked of them.

import { expect } from 'vitest';
import type { Detections } from '../../../src/data/types';
import { catalogue } from '../../../src/lab/catalogue';
import type { Warp } from '../../../src/models/task-modules/tracking/camera-motion-compensation';
import type { Tracker } from '../../../src/models/trackers';

export interface GoldenFrame {
  bboxes: number[];
  scores: number[];
  labels: number[];
  embeddings?: number[];
  /** How the camera has moved since the frame before: angle, x, y. */
  warp?: [number, number, number];
  tracked: { bboxes: number[]; labels: number[]; ids: number[] };
}

export interface GoldenVideo {
  options: object;
  frames: GoldenFrame[];
}

export const detectionsOf = ({ bboxes, scores, labels, embeddings }: Omit<GoldenFrame, 'tracked'>): Detections => ({
  bboxes: Float32Array.from(bboxes),
  scores: Float32Array.from(scores),
  labels: Int32Array.from(labels),
  ...(embeddings && { embeddings: Float32Array.from(embeddings) }),
});

export const buildTracker = (type: string, options: object = {}, camera?: () => Warp): Tracker =>
  catalogue.build('tracker', { type, ...options }, { path: 'track' })(camera);

/** Ids, classes and boxes of every frame. */
export function checkTracker(type: string, { options, frames }: GoldenVideo): void {
  let warp: Warp = { angle: 0, x: 0, y: 0 };
  const tracks = buildTracker(type, options, () => warp);
  for (const [f, frame] of frames.entries()) {
    if (frame.warp) warp = { angle: frame.warp[0], x: frame.warp[1], y: frame.warp[2] };
    const image = { data: new Float32Array(1), width: 1, height: 1, scale: [1, 1] as const };
    const found = detectionsOf(frame);
    const { bboxes, labels, instanceIds } = tracks.track(frame.warp ? { ...found, image } : found);
    expect([...instanceIds!], `frame ${f}`).toEqual(frame.tracked.ids);
    expect([...labels], `frame ${f}`).toEqual(frame.tracked.labels);
    expect(bboxes, `frame ${f}`).toEqual(Float32Array.from(frame.tracked.bboxes));
  }
}
