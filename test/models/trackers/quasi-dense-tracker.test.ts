// QuasiDenseTracker against MMDetection's, frame by frame, and its properties.

import { describe, expect, it } from 'vitest';
import { detectionsOf, equalsReference, trackerOf } from './golden-appearances';

describe('QuasiDenseTracker', () => {
  equalsReference('QuasiDenseTracker');

  it('finds an object that has moved away by its look, until it was lost for long', () => {
    const tracker = trackerOf('QuasiDenseTracker', { init_score_thr: 0.5, memo_tracklet_frames: 3 });
    const seen = (x: number) => [
      ...tracker.track(detectionsOf([{ box: [x, 0, x + 9, 9], score: 0.9, label: 0, look: [3, 0] }])).instanceIds!,
    ];
    expect([seen(0), seen(500), seen(3)]).toEqual([[0], [0], [0]]);
    for (let t = 0; t < 3; t++)
      tracker.track(detectionsOf([{ box: [0, 90, 9, 99], score: 0.9, label: 1, look: [0, 3] }]));
    expect(seen(0)).toEqual([2]);
  });
});
