// Videos of objects that are recognised by vectors, against which trackers are checked (generate/appearance_trackers.py).

import { expect, it } from 'vitest';
import type { Detections } from '../../../src/data/types';
import { catalogue } from '../../../src/lab/catalogue';
import { goldenJson } from '../../golden-data';

interface Seen {
  box: number[];
  score: number;
  label: number;
  look: number[];
}
interface GoldenAppearances {
  type: string;
  options: object;
  frames: { found: Seen[]; boxes: number[][]; labels: number[]; ids: number[] }[];
}

export const detectionsOf = (found: readonly Seen[]): Detections => ({
  bboxes: Float32Array.from(found.flatMap(({ box }) => box)),
  scores: Float32Array.from(found, ({ score }) => score),
  labels: Int32Array.from(found, ({ label }) => label),
  embeddings: Float32Array.from(found.flatMap(({ look }) => look)),
});

export const trackerOf = (type: string, options: object = {}) =>
  catalogue.build('tracker', { type, ...options }, { path: 'track' })();

/** Of several boxes with one id in a frame the reference means the last: see MaskTrackRCNNTracker. */
function withoutDoubles({ boxes, labels, ids }: GoldenAppearances['frames'][number]) {
  const kept = [...ids.keys()].filter((i) => !ids.includes(ids[i], i + 1));
  return { boxes: kept.map((i) => boxes[i]), labels: kept.map((i) => labels[i]), ids: kept.map((i) => ids[i]) };
}

export function equalsReference(type: string): void {
  const golden = goldenJson<GoldenAppearances[]>('appearance_trackers').filter((one) => one.type === type);
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: video %i", (_, { options, frames }) => {
    const tracker = trackerOf(type, options);
    for (const [f, frame] of frames.entries()) {
      const { bboxes, labels, instanceIds, embeddings } = tracker.track(detectionsOf(frame.found));
      const expected = withoutDoubles(frame);
      expect([...instanceIds!], `frame ${f}`).toEqual(expected.ids);
      expect([...labels]).toEqual(expected.labels);
      expect(bboxes).toEqual(Float32Array.from(expected.boxes.flat()));
      expect(embeddings).toBeUndefined();
    }
  });

  it('needs vectors, and refuses options by name', () => {
    const plain = { ...detectionsOf([]), scores: new Float32Array(1), embeddings: undefined };
    expect(() => trackerOf(type).track(plain)).toThrow(/needs vectors.*track_head/);
    expect(() => trackerOf(type, { num_tentatives: 3 })).toThrow(/num_tentatives/);
  });
}
