// Pipelines that put several images into one: the same samples with any number of workers, in a resumed run, and after
// broken images; which images a cache gives.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { createLoader, type LoaderOptions } from '../../../src/data/loader';
import { buildPipeline, type PipelineOptions } from '../../../src/data/pipeline';
import { drawAge } from '../../../src/data/transforms/other-images';
import type { OtherImages } from '../../../src/data/transforms/sample';
import type { Dataset, PackedSample } from '../../../src/data/types';
import { Random } from '../../../src/random';
import { LOAD, YOLOX } from '../mixing-pipelines';
import { stripedImages } from '../striped-images';

const PACK = { type: 'PackDetInputs' };

const YOLOV8 = [
  ...LOAD,
  { type: 'Mosaic', img_scale: [32, 32], pre_transform: LOAD },
  { type: 'YOLOv5RandomAffine', border: [-16, -16] },
  {
    type: 'YOLOv5MixUp',
    prob: 0.5,
    pre_transform: [
      ...LOAD,
      { type: 'Mosaic', img_scale: [32, 32], pre_transform: LOAD },
      { type: 'YOLOv5RandomAffine', border: [-16, -16] },
    ],
  },
  { type: 'mmdet.Albu', transforms: [{ type: 'Blur', p: 0.5 }, { type: 'ToGray', p: 0.2 }, { type: 'CLAHE' }] },
  { type: 'YOLOv5HSVRandomAug' },
  { type: 'mmdet.PackDetInputs' },
];

const RTMDET = [
  ...LOAD,
  { type: 'CachedMosaic', img_scale: [32, 32], max_cached_images: 6 },
  { type: 'RandomResize', scale: [64, 64], ratio_range: [0.5, 1], keep_ratio: true },
  { type: 'RandomCrop', crop_size: [32, 32] },
  { type: 'Pad', size: [32, 32], pad_val: { img: [114, 114, 114] } },
  { type: 'CachedMixUp', img_scale: [32, 32], ratio_range: [1, 1], max_cached_images: 5, random_pop: false },
  PACK,
];

const PIPELINES: [string, ModuleConfig[], PipelineOptions][] = [
  ['YOLOX', [...LOAD, ...YOLOX], { inner: 2 }],
  ['YOLOv8', YOLOV8, {}],
  ['RTMDet', RTMDET, {}],
];

let folder: string;

let dataset: Dataset;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-mixing-'));
  dataset = await stripedImages(folder, 12, [2, 3, 14, 17, 10, 2, 22, 22], (i) => [i, i]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asText = (samples: PackedSample[]) =>
  samples.map(({ image, truths, meta }) => ({
    id: meta.imgId,
    size: [image.width, image.height],
    boxes: [...truths.bboxes],
    labels: [...truths.labels],
    sum: (image.data as Uint8Array).reduce((sum, v, i) => (sum + v * (i % 251)) % 1e9, 0),
  }));

async function collect(
  [, steps, own]: (typeof PIPELINES)[number],
  options: Partial<LoaderOptions>,
  epoch = 0,
  start = 0,
  of = dataset,
) {
  const pipeline = buildPipeline(steps, undefined, undefined, own);
  const loader = createLoader(of, pipeline, { batchSize: 3, shuffle: true, seed: 2, workers: 0, ...options });
  const batches = [];
  for await (const batch of loader.epoch(epoch, { start })) batches.push(asText(batch));
  await loader.close();
  return batches;
}

describe.each(PIPELINES)('%s', (...pipeline) => {
  it('gives the same samples here, with workers, and from the middle of a later epoch on', async () => {
    const whole = await collect(pipeline, {}, 1);
    expect(whole.flat().length).toBe(12);
    expect(whole.flat().every(({ size }) => size.join() === '32,32')).toBe(true);
    // several images in one
    expect(whole.flat().some(({ labels }) => new Set(labels).size > 2)).toBe(true);
    expect(await collect(pipeline, { workers: 2, prefetch: 1 }, 1)).toEqual(whole);
    expect(await collect(pipeline, {}, 1, 2)).toEqual(whole.slice(2));
    expect(await collect(pipeline, { prefetch: 4 }, 1, 3)).toEqual(whole.slice(3));
  });

  it('steps over broken images', async () => {
    const records = dataset.records.map((r, i) => (i % 3 === 1 ? { ...r, path: path.join(folder, 'absent.jpg') } : r));
    const found = await collect(pipeline, {}, 0, 0, { ...dataset, records });
    expect(found.flat().length).toBe(12);
    expect(found.flat().every(({ labels }) => labels.every((label) => label % 3 !== 1))).toBe(true);
  });
});

const around = (before: number) => ({ before }) as OtherImages;

const ages = (before: number, options: { max_cached_images: number; random_pop: boolean }) => {
  const random = Random.seeded(4);
  return Array.from({ length: 4000 }, () => drawAge(around(before), options, random));
};

it('that drop the oldest give the last ones alike', () => {
  const found = ages(100, { max_cached_images: 5, random_pop: false });
  for (const age of [1, 2, 3, 4]) expect(found.filter((a) => a === age).length / 4000).toBeCloseTo(0.25, 1);
  expect(new Set(found).size).toBe(4);
});

it('that drop any give old ones the more seldom', () => {
  const found = ages(1000, { max_cached_images: 10, random_pop: true });
  expect(Math.min(...found)).toBe(1);
  expect(found.reduce((a, b) => a + b) / 4000).toBeCloseTo(10, 0);
  // as a cache that is really kept
  const random = Random.seeded(9);
  const cache: number[] = [];
  let [sum, count] = [0, 0];
  for (let t = 0; t < 20_000; t++) {
    cache.push(t);
    if (cache.length > 10) cache.splice(random.integer(cache.length - 1), 1);
    if (t < 1000) continue;
    sum += t - cache[random.integer(cache.length - 1)];
    count++;
  }
  expect(sum / count).toBeCloseTo(10, 0);
});

it('at the start of training hold what has come', () => {
  const found = ages(4, { max_cached_images: 10, random_pop: true });
  expect(new Set(found)).toEqual(new Set([1, 2, 3, 4]));
});

it('a transform of several images that stands alone says what is missing', async () => {
  const alone = buildPipeline([...LOAD, ...YOLOX]);
  await expect(alone.run(dataset.records[0], Random.seeded(0))).rejects.toThrow(/needs other images/);
  await expect(collect(['', [...LOAD, ...YOLOX], {}], {})).rejects.toThrow(/pre_transform/);
});
