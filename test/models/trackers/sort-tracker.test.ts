// SORTTracker against MMDetection's, frame by frame, without appearance (SORT) and with it (DeepSORT).

import { describe, expect, it } from 'vitest';
import { goldenJson } from '../../golden-data';
import { buildTracker, checkTracker, detectionsOf, type GoldenVideo } from './golden-videos';

describe('SORTTracker', () => {
  const golden = goldenJson<GoldenVideo[]>('sort_tracker');
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: video %i", (_, video) =>
    checkTracker('SORTTracker', video),
  );

  it('tells two objects apart that change places, by what they look like', () => {
    const tracks = buildTracker('SORTTracker', { reid: { match_score_thr: 0.5 }, num_tentatives: 1 });
    const seen = (xs: number[], looks: number[]) =>
      Array.from(
        tracks.track(
          detectionsOf({
            bboxes: xs.flatMap((x) => [x, 20, x + 30, 80]),
            scores: [0.9, 0.9],
            labels: [0, 0],
            embeddings: looks,
          }),
        ).instanceIds!,
      );
    for (let t = 0; t < 3; t++) expect(seen([10, 22], [1, 0, 0, 1])).toEqual([0, 1]);
    expect(seen([10, 22], [0, 1, 1, 0])).toEqual([1, 0]);
  });

  it('gives what it tracked without embeddings', () => {
    const tracks = buildTracker('SORTTracker', { reid: null });
    const found = tracks.track(detectionsOf({ bboxes: [0, 0, 9, 9], scores: [0.9], labels: [0], embeddings: [1, 2] }));
    expect(Object.keys(found).sort()).toEqual(['bboxes', 'instanceIds', 'labels', 'scores']);
  });

  it('refuses detections without embeddings, and options by name', () => {
    const boxes = detectionsOf({ bboxes: [0, 0, 9, 9], scores: [0.9], labels: [0] });
    expect(() => buildTracker('SORTTracker').track(boxes)).toThrow(/no embeddings.*reid.*null/);
    expect(() => buildTracker('SORTTracker', { reid: { motion_weight: 0.1 } })).toThrow(/motion_weight/);
    expect(() => buildTracker('SORTTracker', { match_iou_thrs: 1 })).toThrow(/match_iou_thr/);
  });
});
