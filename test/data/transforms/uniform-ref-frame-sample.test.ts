// UniformRefFrameSample, with TransformBroadcaster and PackTrackInputs behind it: frames of a video that are learned together.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { buildPipeline, createLoader, type Dataset, type LoaderOptions } from '../../../src/data';
import { sampleOrder } from '../../../src/data/loading/batch-order';
import { catalogue } from '../../../src/lab/catalogue';

const folder = mkdtempSync(join(tmpdir(), 'detlab-clips-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LENGTHS = [6, 1, 4];
const [WIDTH, HEIGHT] = [40, 32];
/** Frame t of every video is of grey value 10 t, its object begins at column t. */
const images = LENGTHS.flatMap((length, v) =>
  Array.from({ length }, (_, t) => ({
    id: 100 * v + t,
    video_id: 7 - v,
    frame_id: t,
    file_name: `v${v}/${t}.ppm`,
    width: WIDTH,
    height: HEIGHT,
  })),
);
const annotations = images.map(({ id, frame_id: t }) => ({
  id: id + 1,
  image_id: id,
  category_id: 3,
  instance_id: 50 + Math.floor(id / 100),
  bbox: [t, 4, 12, 10],
  area: 120,
  segmentation: [[t, 4, t + 12, 4, t + 12, 14, t, 14]],
}));

beforeAll(() => {
  for (const { file_name, frame_id } of images) {
    mkdirSync(join(folder, file_name, '..'), { recursive: true });
    const pixels = Buffer.alloc(WIDTH * HEIGHT * 3, 10 * frame_id);
    writeFileSync(join(folder, file_name), Buffer.concat([Buffer.from(`P6 ${WIDTH} ${HEIGHT} 255\n`), pixels]));
  }
  writeFileSync(
    join(folder, 'vis.json'),
    JSON.stringify({ images, annotations, categories: [{ id: 3, name: 'dog' }] }),
  );
});

const dataset = (): Promise<Dataset> => {
  const config = { type: 'YouTubeVISDataset', dataset_version: '2019', data_root: folder, ann_file: 'vis.json' };
  return catalogue.build('dataset', config, { path: 'dataset' }).load();
};
const steps = (sample: object, { shared = true, more = [] as ModuleConfig[] } = {}): ModuleConfig[] => [
  { type: 'UniformRefFrameSample', ...sample },
  {
    type: 'TransformBroadcaster',
    share_random_params: shared,
    transforms: [
      { type: 'LoadImageFromFile' },
      { type: 'LoadTrackAnnotations', with_mask: true },
      { type: 'Resize', scale: [80, 64], keep_ratio: true },
      { type: 'RandomFlip', prob: 0.5 },
    ],
  },
  ...more,
  { type: 'PackTrackInputs' },
];

async function samplesOf(pipeline: ModuleConfig[], options: Partial<LoaderOptions> = {}) {
  const data = await dataset();
  const loader = createLoader(data, buildPipeline(pipeline), { batchSize: 1, workers: 0, ...options });
  const found = [];
  for await (const batch of loader.epoch(0)) found.push(...batch);
  await loader.close();
  return found;
}

describe('UniformRefFrameSample', () => {
  it('draws frames of the same video within the range', async () => {
    const found = await samplesOf(steps({ num_ref_imgs: 2, frame_range: [-1, 2] }));
    expect(found).toHaveLength(images.length);
    for (const { meta, clip, truths, image } of found) {
      const [video, frame] = [Math.floor(meta.imgId / 100), meta.imgId % 100];
      const others = clip!.others.map((other) => other.meta.imgId);
      expect(others).toHaveLength(2);
      expect(others).toEqual([...others].sort((a, b) => a - b));
      expect(clip!.before).toBe(others.filter((id) => id < meta.imgId).length);
      for (const [i, id] of others.entries()) {
        expect(Math.floor(id / 100)).toBe(video);
        const away = (id % 100) - frame;
        if (LENGTHS[video] > 1) expect(away === -1 || away === 1 || away === 2).toBe(true);
        expect([...clip!.others[i].truths.instanceIds!]).toEqual([50 + video]);
        expect(clip!.others[i].image.data[0]).toBe(10 * (id % 100));
        // all are mirrored or none is
        expect(clip!.others[i].meta.flip).toBe(meta.flip);
        expect(clip!.others[i].truths.masks?.masks).toHaveLength(1);
      }
      expect([...truths.instanceIds!]).toEqual([50 + video]);
      expect([...truths.labels]).toEqual([7]); // the classes of 2019
      expect(image.width).toBe(80);
    }
    expect(new Set(found.map(({ meta }) => meta.flip)).size).toBe(2);
  });

  it('mirrors each frame for itself unless numbers are shared', async () => {
    const found = await samplesOf(steps({ num_ref_imgs: 3, frame_range: 9 }, { shared: false }));
    expect(found.some(({ meta, clip }) => clip!.others.some((other) => other.meta.flip !== meta.flip))).toBe(true);
  });

  it('takes the frame itself with filter_key_img false, and where a video has no other', async () => {
    const found = await samplesOf(steps({ frame_range: 0, filter_key_img: false }));
    for (const { meta, clip } of found) expect(clip!.others[0].meta.imgId).toBe(meta.imgId);
    await expect(samplesOf(steps({ frame_range: 0 }))).rejects.toThrow(/none but the frame itself. Widen it/);
  });

  it('refuses steps that would see one of the frames alone, and images of no video', async () => {
    expect(() => buildPipeline(steps({}, { more: [{ type: 'RandomFlip' }] }))).toThrow(
      /expected TransformBroadcaster with RandomFlip in it/,
    );
    const data = await dataset();
    const plain = { ...data, records: data.records.map(({ frame: _, ...record }) => ({ ...record })) } as Dataset;
    const loader = createLoader(plain, buildPipeline(steps({})), { batchSize: 1, workers: 0 });
    await expect(loader.epoch(0).next()).rejects.toThrow(/no frame of a video. Use .* YouTubeVISDataset/);
    const [record] = data.records;
    const run = buildPipeline(steps({}));
    await expect(async () => run.run(record, {} as never)).rejects.toThrow(/needs other images of a dataset/);
  });

  it('an epoch of DefaultSampler has a frame of each video', () => {
    const order = { batchSize: 2, shuffle: true, seed: 3, aspectRatioGrouping: false, dropLast: false };
    const videos = Int32Array.from([0, 6, 7, 11]);
    const passes = Array.from({ length: 40 }, (_, pass) =>
      sampleOrder(imagesOf(11), pass, { ...order, videos }).flat(),
    );
    const seen = new Set<number>();
    for (const pass of passes) {
      const found = pass.map(({ index }) => index).sort((a, b) => a - b);
      expect(found.map((index) => (index < 6 ? 0 : index < 7 ? 1 : 2))).toEqual([0, 1, 2]);
      for (const index of found) seen.add(index);
    }
    expect(seen.size).toBe(11);
    const endless = sampleOrder(imagesOf(11), 0, { ...order, videos, endless: true });
    expect(endless.map((batch) => batch.length)).toEqual([2, 2]);
  });
});

const imagesOf = (length: number) => ({ length, upright: () => false });
