// ByteTracker against MMDetection's, frame by frame, and its properties.

import { describe, expect, it } from 'vitest';
import { encodeRle } from '../../../src/masks';
import { goldenJson } from '../../golden-data';
import { buildTracker, checkTracker, detectionsOf, type GoldenVideo } from './golden-videos';

const golden = goldenJson<GoldenVideo[]>('byte_tracker');
const tracker = (options?: object) => buildTracker('ByteTracker', options);

describe('ByteTracker', () => {
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: video %i", (_, video) =>
    checkTracker('ByteTracker', video),
  );

  it('keeps the identity of objects that cross, and all columns of its detections', () => {
    const tracks = tracker();
    const seen: number[][] = [];
    for (let t = 0; t < 20; t++) {
      const [a, b] = [10 + 8 * t, 170 - 8 * t];
      const found = tracks.track({
        ...detectionsOf({ bboxes: [a, 20, a + 30, 80, b, 50, b + 30, 110], scores: [0.9, 0.8], labels: [0, 0] }),
        masks: [encodeRle([1], 1, 1), encodeRle([0], 1, 1)],
      });
      expect(found.masks).toHaveLength(2);
      const order = [...found.instanceIds!.keys()].sort((i, j) => found.scores[j] - found.scores[i]);
      seen.push(order.map((i) => found.instanceIds![i]));
    }
    expect(new Set(seen.map(String))).toEqual(new Set(['0,1']));
  });

  it('goes on after frames without detections, and ends what is lost', () => {
    const tracks = tracker({ num_frames_retain: 4 });
    const frame = { bboxes: [10, 10, 40, 40], scores: [0.9], labels: [0] };
    const none = { bboxes: [], scores: [], labels: [] };
    expect([...tracks.track(detectionsOf(frame)).instanceIds!]).toEqual([0]);
    expect([...tracks.track(detectionsOf(none)).instanceIds!]).toEqual([]);
    expect([...tracks.track(detectionsOf(frame)).instanceIds!]).toEqual([0]);
    for (let t = 0; t < 4; t++) tracks.track(detectionsOf(none));
    expect([...tracks.track(detectionsOf(frame)).instanceIds!]).toEqual([1]);
  });

  it('refuses options by name', () => {
    expect(() => tracker({ init_track_thrs: 0.5 })).toThrow(/init_track_thr/);
    expect(() => tracker({ motion: { type: 'LinearMotion' } })).toThrow(/KalmanFilter/);
  });
});
