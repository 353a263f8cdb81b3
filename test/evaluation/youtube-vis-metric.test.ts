// YouTubeVISMetric against MMDetection's, which has YouTube-VIS's evaluation count, and its properties.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Dataset, ImageRecord, VideoFrame } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';
import { CompressedRle } from '../../src/masks';

interface Mask {
  size: [number, number];
  counts: string;
}
interface Frame {
  gt: { instance_id: number; bbox_label: number; bbox: number[]; mask: Mask; ignore_flag: number }[];
  found: { id: number; label: number; mask: Mask; score: number }[];
}
interface Case {
  options: object;
  videos: [string, Frame[]][];
  values: Record<string, number>;
  stats: number[];
  results?: { video_id: number; score: number; category_id: number; segmentations: (Mask | null)[] }[];
}
const golden = JSON.parse(readFileSync(join(__dirname, '../golden/youtube_vis_metric.json'), 'utf8')) as {
  size: [number, number];
  classes: string[];
  cases: Case[];
};
const folder = mkdtempSync(join(tmpdir(), 'detlab-youtube-vis-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function evaluated({ options, videos: given }: Pick<Case, 'options' | 'videos'>) {
  const [height, width] = golden.size;
  const videos = new Map<number, VideoFrame>();
  const records: ImageRecord[] = [];
  const frames = given.flatMap(([id, list]) => list.map((frame, i) => ({ id, frame, i, length: list.length })));
  for (const [id, { id: videoId, frame, i, length }] of frames.entries()) {
    const { gt } = frame;
    videos.set(id, { video: `v${videoId}`, videoId: Number(videoId), frame: i, length, objects: [] });
    const truths = {
      bboxes: Float32Array.from(gt.flatMap(({ bbox }) => bbox)),
      labels: Int32Array.from(gt, ({ bbox_label }) => bbox_label),
      ignored: Uint8Array.from(gt, ({ ignore_flag }) => ignore_flag),
      instanceIds: Int32Array.from(gt, ({ instance_id }) => instance_id),
    };
    const segmentations = gt.map(({ mask }) => mask);
    const shared = { width, height, areas: new Float32Array(gt.length), annotationIds: [...gt.keys()] };
    records.push({ id, path: `${id}.jpg`, truths, segmentations, ...shared });
  }
  const dataset: Dataset = { name: 'videos', classes: golden.classes, records, problems: [], videos };
  const build = catalogue.build('metric', { type: 'YouTubeVISMetric', ...options }, { path: 'metric' });
  const metric = await build(dataset);
  for (const [id, { frame }] of frames.entries())
    metric.add(id, {
      bboxes: new Float32Array(4 * frame.found.length),
      scores: Float32Array.from(frame.found, ({ score }) => score),
      labels: Int32Array.from(frame.found, ({ label }) => label),
      masks: frame.found.map(({ mask }) => new CompressedRle(height, width, Buffer.from(mask.counts))),
      instanceIds: Int32Array.from(frame.found, ({ id }) => id),
    });
  return metric;
}

const NAMES = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR@1', 'AR@10', 'AR@100', 'ARs', 'ARm', 'ARl'];

describe('YouTubeVISMetric', () => {
  it.each(golden.cases.map((one, i) => [i, one] as const))("equals MMDetection's: case %i", async (i, one) => {
    const prefix = join(folder, String(i));
    const metric = await evaluated({ ...one, options: { ...one.options, outfile_prefix: prefix } });
    const { metrics, logged } = metric.compute();
    for (const [k, name] of NAMES.entries()) expect(metrics[name], name).toBeCloseTo(one.stats[k], 12);
    expect(Object.keys(logged!)).toEqual(Object.keys(one.values));
    for (const [name, value] of Object.entries(one.values)) expect(Math.abs(logged![name] - value)).toBeLessThan(6e-4);
    if (!one.results) return;
    const [json, zip] = await metric.write!();
    const written = JSON.parse(readFileSync(json, 'utf8'));
    expect(written).toEqual(one.results.map((row) => ({ ...row, score: expect.closeTo(row.score, 6) })));
    const bytes = readFileSync(zip);
    const start = 30 + bytes.readUInt16LE(26);
    const packed = bytes.subarray(start, start + bytes.readUInt32LE(18));
    expect(JSON.parse(inflateRawSync(packed).toString())).toEqual(written);
  });

  it('keeps objects of two videos apart where they have one number, and may find nothing', async () => {
    const [[, first]] = golden.cases[0].videos;
    const found = first.map(({ gt }) => ({
      gt,
      found: gt.map(({ instance_id: id, bbox_label: label, mask }) => ({ id, label, mask, score: 0.9 })),
    }));
    const both = await evaluated({
      options: {},
      videos: [
        ['1', found],
        ['2', found],
      ],
    });
    expect(both.compute().metrics.AP).toBeCloseTo(1, 12);
    const none = found.map(({ gt }) => ({ gt, found: [] }));
    expect((await evaluated({ options: {}, videos: [['1', none]] })).compute().metrics.AP).toBe(0);
  });

  it('refuses detections without ids or masks, and images of no video', async () => {
    const metric = await evaluated({ options: {}, videos: [['1', [{ gt: [], found: [] }]]] });
    const one = { bboxes: [0, 0, 1, 1], scores: [1], labels: [0] };
    expect(() => metric.add(0, one)).toThrow(/no ids.*MaskTrackRCNN/);
    expect(() => metric.add(0, { ...one, instanceIds: [1] })).toThrow(/expected one per object \(1\), received none/);
    const build = catalogue.build('metric', { type: 'YouTubeVISMetric' }, { path: 'metric' });
    await expect(build({ name: 'images', classes: [], records: [], problems: [] })).rejects.toThrow(
      /YouTubeVISDataset/,
    );
  });
});
