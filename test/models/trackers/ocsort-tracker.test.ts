// OCSORTTracker against MMDetection's, frame by frame, and its properties.

import { describe, expect, it } from 'vitest';
import { goldenJson } from '../../golden-data';
import { buildTracker, checkTracker, detectionsOf, type GoldenVideo } from './golden-videos';

const golden = goldenJson<GoldenVideo[]>('ocsort_tracker');
const tracker = (options?: object) => buildTracker('OCSORTTracker', options);

describe('OCSORTTracker', () => {
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: video %i", (_, video) =>
    checkTracker('OCSORTTracker', video),
  );

  it('finds an object that was lost where it was last seen, though it was expected elsewhere', () => {
    const tracks = tracker();
    const seen = (x: number) =>
      tracks.track(detectionsOf({ bboxes: [x, 20, x + 40, 80], scores: [0.9], labels: [0] })).instanceIds![0];
    for (let t = 0; t < 8; t++) expect(seen(10 * t)).toBe(0);
    // it is behind another for some frames, and stands still meanwhile
    for (let t = 0; t < 5; t++) tracks.track(detectionsOf({ bboxes: [0, 200, 9, 220], scores: [0.4], labels: [0] }));
    expect(seen(75)).toBe(0);
  });

  it('refuses options by name', () => {
    expect(() => tracker({ match_iou_thrs: { high: 0.1 } })).toThrow(/match_iou_thr/);
    expect(() => tracker({ vel_delta_t: 0 })).toThrow(/vel_delta_t/);
  });
});
