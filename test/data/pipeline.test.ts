// Pipelines built from configs: what they take as it is, and what they refuse.

import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineModule, Registry } from '../../src/catalogue/registry';
import { buildPipeline } from '../../src/data/pipeline';
import { TRANSFORMS } from '../../src/data/transforms';
import type { ImageRecord, PixelImage } from '../../src/data/types';
import { Random } from '../../src/random';

it("take the pipelines of MMDetection's own configs as they are", () => {
  const train = [
    { type: 'LoadImageFromFile', backend_args: null },
    { type: 'LoadAnnotations', with_bbox: true },
    { type: 'Resize', scale: [1333, 800], keep_ratio: true },
    { type: 'RandomFlip', prob: 0.5 },
    { type: 'PackDetInputs' },
  ];
  const meta_keys = ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'];
  const test = [train[0], train[2], train[1], { type: 'PackDetInputs', meta_keys }];
  expect(buildPipeline(train).portable && buildPipeline(test).portable).toBe(true);
});

it('names a misspelt option and where it stands', () => {
  expect(() =>
    buildPipeline([{ type: 'Resize', scale: [4, 4], keep_ration: true }, { type: 'PackDetInputs' }]),
  ).toThrow(/pipeline\.0.*keep_ration.*keep_ratio/s);
});

it('refuses a Resize without scale and a pipeline without PackDetInputs', () => {
  expect(() => buildPipeline([{ type: 'Resize' }, { type: 'PackDetInputs' }])).toThrow(/scale/);
  expect(() => buildPipeline([{ type: 'LoadAnnotations' }])).toThrow(/PackDetInputs/);
});

const record: ImageRecord = {
  id: 1,
  path: 'given.png',
  width: 8,
  height: 6,
  truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  areas: new Float32Array(0),
  annotationIds: [],
};
const gray = (level: number): PixelImage => ({
  data: new Uint8Array(8 * 6 * 3).fill(level),
  width: 8,
  height: 6,
  order: 'bgr',
});
const mirror = { type: 'RandomFlip', prob: 1 };

it('uses arrays of pixels again that its own steps replaced, never those given or handed out', async () => {
  const pipeline = buildPipeline([mirror, mirror, mirror, { type: 'PackDetInputs' }]);
  const given = [10, 20, 30].map(gray);
  const packed = [];
  for (const image of given) packed.push((await pipeline.run(record, Random.seeded(0), image)).image);
  expect(new Set(packed.map(({ data }) => data)).size).toBe(3);
  for (const [i, level] of [10, 20, 30].entries())
    for (const { data } of [given[i], packed[i]]) expect(data).toEqual(gray(level).data);
});

it('leaves the arrays alone that a transform of the user may have kept', async () => {
  const kept: Uint8Array[] = [];
  const keeper = defineModule({
    kind: 'transform',
    type: 'Keeper',
    summary: 'Keeps the pixels it sees',
    origin: 'a test',
    shapes: '[H, W, 3] -> [H, W, 3]',
    example: "{ type: 'Keeper' }",
    options: z.strictObject({}),
    build: () => (sample) => {
      kept.push(sample.image!.data as Uint8Array);
      return sample;
    },
  });
  const registry = new Registry([...TRANSFORMS, keeper]);
  const pipeline = buildPipeline([mirror, { type: 'Keeper' }, mirror, { type: 'PackDetInputs' }], registry);
  for (const level of [40, 50, 60]) await pipeline.run(record, Random.seeded(0), gray(level));
  expect(kept.map((data) => data[0])).toEqual([40, 50, 60]);
});
