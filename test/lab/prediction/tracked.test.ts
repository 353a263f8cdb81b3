// Tracking through `predict`: identities over frames, where they are shown and saved, and what cannot be tracked.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Detections } from '../../../src/data/types';
import type { DetectedImage } from '../../../src/lab/prediction/detect-images';
import { predictSource, type SourceDetector } from '../../../src/lab/prediction/predict-source';
import type { PredictionList } from '../../../src/lab/prediction-list';

const root = mkdtempSync(join(tmpdir(), 'detlab-tracked-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const model = { config: {}, classes: ['car', 'person'], name: 'test' };
const frame = () => ({ data: new Uint8Array(200 * 100 * 3), width: 200, height: 100, order: 'rgb' as const });
/** A car from the left and one from the right, and something of a low score that nothing was before. */
const detectIn: SourceDetector = async function* ({ images }) {
  let t = 0;
  for await (const image of images) {
    if (!('read' in image)) continue;
    const { pixels, again } = await image.read();
    const [a, b] = [10 + 6 * t, 150 - 6 * t];
    const detections = {
      bboxes: new Float32Array([a, 10, a + 30, 40, b, 50, b + 30, 80, 90, 20, 99, 29]),
      scores: new Float32Array([0.9, 0.8, 0.2]),
      labels: new Int32Array([0, 0, 1]),
    };
    t++;
    yield { image, pixels, width: 200, height: 100, again, detections } satisfies DetectedImage;
  }
};

async function* clip(frames: number) {
  for (let t = 0; t < frames; t++) yield frame();
}

const track = (source: unknown, options: object) =>
  predictSource(model, detectIn, source, options) as Promise<PredictionList>;

describe('track', () => {
  test('gives each object one id, and leaves out what is no track', async () => {
    const found = await track(clip(8), { track: true });
    expect(found).toHaveLength(8);
    for (const one of found)
      expect(one.map(({ id, score }) => [id, score > 0.85])).toEqual([
        [0, true],
        [1, false],
      ]);
    expect((await track(clip(2), {}))[1]).toHaveLength(3);
    expect((await track(clip(2), {}))[1][0]).not.toHaveProperty('id');
  });

  test('the ids are in tables, labels and files', async () => {
    const found = await track([frame(), frame()], { track: true });
    expect(found[0].toString()).toMatch(/id +label[\s\S]*0 +car/);
    expect(found[0].liveImage().boxes[1]).toMatchObject({ id: 1, text: '#1 car 0.80' });
    await found.save(join(root, 'found.coco.json'));
    await found.save(join(root, 'found.csv'));
    const entries = JSON.parse(readFileSync(join(root, 'found.coco.json'), 'utf8'));
    expect(entries.map((entry: { track_id: number }) => entry.track_id)).toEqual([0, 1, 0, 1]);
    const [head, first] = readFileSync(join(root, 'found.csv'), 'utf8').split(/\r?\n/);
    expect([head.split(',').at(-1), first.split(',').at(-1)]).toEqual(['id', '0']);
  });

  test('takes the options of ByteTracker, by name', async () => {
    const strict = await track(clip(3), { track: { init_track_thr: 0.85, obj_score_thrs: { high: 0.85, low: 0.1 } } });
    expect(strict.map((one) => one.length)).toEqual([1, 1, 1]);
    await expect(track(clip(3), { track: { init_thr: 0.85 } })).rejects.toThrow(/init_track_thr/);
    await expect(track(clip(3), { track: { type: 'ByteTraker' } })).rejects.toThrow(/ByteTracker/);
  });

  test('frames that wait for the end, where tracks are joined, are counted as they are detected', async () => {
    const order: string[] = [];
    const joining: SourceDetector = Object.assign((...given: Parameters<SourceDetector>) => detectIn(...given), {
      tracker: () => ({ track: (found: Detections) => found }),
      linkTracks: (frames: readonly Detections[]) => {
        order.push('joined');
        return [...frames];
      },
    });
    const onProgress = (done: number) => void order.push(String(done));
    await predictSource(model, joining, [frame(), frame(), frame()], { track: true, onProgress });
    expect(order).toEqual(['1', '2', '3', 'joined']);
  });

  test('is of frames', async () => {
    await expect(track(frame(), { track: true })).rejects.toThrow(/Cannot track: expected the frames/);
  });
});
