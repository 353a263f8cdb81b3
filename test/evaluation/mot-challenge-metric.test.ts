// MOTChallengeMetric against MMDetection's, which has TrackEval count, and its properties.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Dataset, VideoFrame } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';

interface Golden {
  options: object;
  /** Objects: id, class, confidence, x, y, w, h. Tracks: id, x1, y1, x2, y2, score. */
  videos: Record<string, { gt: number[][]; found: number[][] }[]>;
  values: Record<string, number>;
  files?: Record<string, string>;
}
const golden = JSON.parse(readFileSync(join(__dirname, '../golden/tracking_metrics.json'), 'utf8')) as Golden[];
const folder = mkdtempSync(join(tmpdir(), 'detlab-tracks-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function evaluated({ options, videos }: Pick<Golden, 'options' | 'videos'>) {
  const frames = new Map<number, VideoFrame>();
  const found = new Map<number, number[][]>();
  for (const [video, list] of Object.entries(videos))
    for (const [frame, { gt, found: tracks }] of list.entries()) {
      const objects = gt.map(([id, category, confidence, x, y, w, h]) => {
        const box: [number, number, number, number] = [x, y, x + w, y + h];
        return { id, category, confidence, box, visibility: 1 };
      });
      found.set(frames.size, tracks);
      frames.set(frames.size, { video, frame, length: list.length, objects });
    }
  const dataset: Dataset = { name: 'tracks', classes: ['pedestrian'], records: [], problems: [], videos: frames };
  const metric = await catalogue.build(
    'metric',
    { type: 'MOTChallengeMetric', ...options },
    { path: 'metric' },
  )(dataset);
  for (const [id, rows] of found)
    metric.add(id, {
      bboxes: Float32Array.from(rows.flatMap((row) => row.slice(1, 5))),
      scores: Float32Array.from(rows, (row) => row[5]),
      labels: new Int32Array(rows.length),
      instanceIds: Int32Array.from(rows, ([id]) => id),
    });
  return metric;
}

describe('MOTChallengeMetric', () => {
  it.each(golden.map((one, i) => [i, one] as const))("equals MMDetection's: case %i", async (i, one) => {
    const prefix = join(folder, String(i));
    // the kernel of a Gaussian process is nearly singular
    const digits = JSON.stringify(one.options).includes('use_gsi') ? 5 : 12;
    const metric = await evaluated({ ...one, options: { ...one.options, outfile_prefix: prefix } });
    const { metrics, logged } = metric.compute();
    expect(Object.keys(logged!)).toEqual(Object.keys(one.values));
    for (const [name, value] of Object.entries(one.values)) expect(logged![name], name).toBeCloseTo(value, digits);
    expect(logged!['motchallenge-metric/MOTA']).toBe(metrics.MOTA);
    const files = (await metric.write?.()) ?? [];
    for (const [name, text] of Object.entries(one.files ?? {})) {
      const rows = (given: string) =>
        given
          .trim()
          .split('\n')
          .map((line) => line.split(',').map(Number));
      const sorted = (given: number[][]) => given.sort((a, b) => a[0] - b[0] || a[1] - b[1]).flat();
      const written = readFileSync(files.find((file) => file.endsWith(`${name}.txt`))!, 'utf8');
      const [ours, theirs] = [sorted(rows(written)), sorted(rows(text))];
      expect(ours).toHaveLength(theirs.length);
      for (const [k, value] of theirs.entries()) expect(ours[k]).toBeCloseTo(value, 2);
    }
  });

  it('gives perfect tracks one, and nothing to a video without tracks', async () => {
    const frame = { gt: [[1, 1, 1, 10, 10, 20, 40]], found: [[7, 10, 10, 30, 50, 0.9]] };
    const { metrics } = (await evaluated({ options: {}, videos: { A: [frame, frame, frame] } })).compute();
    expect(metrics).toMatchObject({ HOTA: 1, MOTA: 1, IDF1: 1, IDSW: 0, MT: 1, ML: 0 });
    const missed = { ...frame, found: [] };
    const none = (await evaluated({ options: {}, videos: { A: [missed, missed] } })).compute();
    expect(none.metrics).toMatchObject({ HOTA: 0, MOTA: 0, IDF1: 0, FN: 2, ML: 1 });
  });

  it('refuses detections without ids, data without videos, and options by name', async () => {
    const metric = await evaluated({ options: {}, videos: { A: [{ gt: [], found: [] }] } });
    const boxes = { bboxes: [0, 0, 9, 9], scores: [0.5], labels: [0] };
    expect(() => metric.add(0, boxes)).toThrow(/no ids.*ByteTrack/);
    const build = (options: object) =>
      catalogue.build('metric', { type: 'MOTChallengeMetric', ...options }, { path: 'metric' });
    const images: Dataset = { name: 'photos', classes: ['a'], records: [], problems: [] };
    await expect(build({})(images)).rejects.toThrow(/no frames of videos/);
    expect(() => build({ metric: 'MOTA' })).toThrow(/HOTA/);
    expect(() => build({ postprocess_tracklet_cfg: [{ type: 'AppearanceFreeLink' }] })).toThrow(/InterpolateTracklets/);
  });
});
