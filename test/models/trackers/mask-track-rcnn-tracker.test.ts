// MaskTrackRCNNTracker against MMDetection's, frame by frame, and its properties.

import { describe, expect, it } from 'vitest';
import { detectionsOf, equalsReference, trackerOf } from './golden-appearances';

describe('MaskTrackRCNNTracker', () => {
  equalsReference('MaskTrackRCNNTracker');

  it('leaves out what is less like a track than another detection, in either order', () => {
    const one = { box: [0, 0, 10, 10], score: 0.9, label: 0, look: [5, 0] };
    const other = { ...one, box: [0, 0, 5, 10] };
    for (const pair of [
      [one, other],
      [other, one],
    ]) {
      const tracker = trackerOf('MaskTrackRCNNTracker');
      tracker.track(detectionsOf([one]));
      const { bboxes, instanceIds } = tracker.track(detectionsOf(pair));
      expect([...instanceIds!]).toEqual([0]);
      expect([...bboxes]).toEqual(one.box);
    }
  });
});
