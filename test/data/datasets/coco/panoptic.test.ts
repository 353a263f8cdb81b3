// COCO's panoptic format, from file to sample: things as objects, segments of every pixel, masks and the semantic map.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../../src/catalogue/registry';
import { loadCoco, SEGMENT } from '../../../../src/data';
import { outlinesOf } from '../../../../src/data/columns/outline-flags';
import { LoadPanopticAnnotations } from '../../../../src/data/transforms/load-panoptic-annotations';
import { sampleOf } from '../../../../src/data/transforms/sample';
import { decodeRle, segmentationToRle } from '../../../../src/masks';
import { panopticPng, readPanopticPng } from '../../../../src/masks/panoptic-png';
import { Random } from '../../../../src/random';

const folder = mkdtempSync(path.join(tmpdir(), 'panoptic-'));
const file = path.join(folder, 'panoptic_val.json');
const maps = path.join(folder, 'panoptic_val');
afterAll(() => rmSync(folder, { recursive: true }));

const [WIDTH, HEIGHT] = [6, 4];
const [CAR, CROWD, ROAD, OTHER] = [70_000, 300, 9, 12];
const ids = Int32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
  const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
  if (y >= 2) return ROAD;
  return x < 2 ? CAR : x < 4 ? CROWD : x < 5 ? OTHER : 0;
});
const segments = [
  { id: CAR, category_id: 7, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 },
  { id: CROWD, category_id: 7, bbox: [2, 0, 2, 2], area: 4, iscrowd: 1 },
  { id: ROAD, category_id: 3, bbox: [0, 2, 6, 2], area: 12, iscrowd: 0 },
  { id: OTHER, category_id: 5, bbox: [4, 0, 1, 2], area: 2, iscrowd: 0 },
];
const content = {
  images: [
    { id: 1, file_name: 'a.jpg', width: WIDTH, height: HEIGHT },
    { id: 2, file_name: 'b.jpg', width: WIDTH, height: HEIGHT },
  ],
  categories: [
    { id: 3, name: 'road', isthing: 0 },
    { id: 7, name: 'car', isthing: 1 },
    { id: 5, name: 'pole', isthing: 1 },
  ],
  annotations: [
    { image_id: 1, file_name: 'a.png', segments_info: segments },
    { image_id: 2, file_name: 'b.png', segments_info: segments.slice(2, 3) },
  ],
};

beforeAll(async () => {
  mkdirSync(maps);
  writeFileSync(file, JSON.stringify(content));
  const pixels = await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#888' } })
    .jpeg()
    .toBuffer();
  for (const name of ['a', 'b']) {
    writeFileSync(path.join(folder, `${name}.jpg`), pixels);
    writeFileSync(path.join(maps, `${name}.png`), panopticPng({ data: ids, width: WIDTH, height: HEIGHT }));
  }
});

const load = (more = {}) => loadCoco(file, folder, { panopticDir: maps, ...more });
const transform = (options = {}) =>
  new Registry([LoadPanopticAnnotations]).build(
    'transform',
    { type: 'LoadPanopticAnnotations', ...options },
    { path: 'pipeline.1' },
  );

test('things are the objects, crowds ignored; classes are things and then stuff', async () => {
  const { classes, categories, records, problems } = await load();
  expect(problems).toEqual([]);
  expect(classes).toEqual(['car', 'pole', 'road']);
  expect(categories?.map(({ isThing }) => isThing)).toEqual([false, true, true]);
  const [{ truths, annotationIds, panoptic }, second] = records;
  expect([...truths.labels]).toEqual([0, 0, 1]);
  expect([...truths.ignored]).toEqual([0, 1, 0]);
  expect(annotationIds).toEqual([CAR, CROWD, OTHER]);
  expect(panoptic?.file).toBe(path.join(maps, 'a.png'));
  expect([...panoptic!.ids]).toEqual([CAR, CROWD, ROAD, OTHER]);
  expect([...panoptic!.labels]).toEqual([0, 0, 2, 1]);
  expect([...panoptic!.kinds]).toEqual([SEGMENT.thing, SEGMENT.crowd, SEGMENT.stuff, SEGMENT.thing]);
  expect(second.truths.labels.length).toBe(0);
  expect(outlinesOf(records[0]).map((outline) => decodeRle(segmentationToRle(outline!, HEIGHT, WIDTH)))).toEqual(
    [CAR, CROWD, OTHER].map((id) => Uint8Array.from(ids, (v) => (v === id ? 1 : 0))),
  );
});

test('LoadPanopticAnnotations reads masks and the class of every pixel', async () => {
  const [record] = (await load()).records;
  const sample = await transform()(sampleOf(record), Random.seeded(0));
  expect([...sample!.truths!.bboxes]).toEqual([0, 0, 2, 2, 2, 0, 4, 2, 4, 0, 5, 2]);
  const masks = sample!.truths!.masks!;
  expect(masks.kind === 'bitmap' && masks.masks.map((mask) => decodeRle(mask).reduce((a, b) => a + b, 0))).toEqual([
    4, 4, 2,
  ]);
  expect([...sample!.semantic!.data]).toEqual(
    [...ids].map((id) => ({ [CAR]: 0, [CROWD]: 0, [ROAD]: 2, [OTHER]: 1 })[id] ?? 255),
  );
  const bare = await transform({ with_mask: false, with_seg: false, with_label: false })(
    sampleOf(record),
    Random.seeded(0),
  );
  expect(bare!.semantic).toBeUndefined();
  expect([...bare!.truths!.labels]).toEqual([0, 0, 0]);
});

test('selected classes: other segments are of none', async () => {
  const { records, otherClasses } = await load({ classes: ['car'] });
  expect([...records[0].panoptic!.ids]).toEqual([CAR, CROWD]);
  expect(otherClasses).toBe(1);
  const sample = await transform()(sampleOf(records[0]), Random.seeded(0));
  expect(new Set(sample!.semantic!.data)).toEqual(new Set([0, 255]));
});

test('says what is wrong', async () => {
  await expect(load({ classes: ['road', 'car'] })).rejects.toThrow(
    /"car" has objects and comes after a class of stuff/,
  );
  await expect(loadCoco(file, folder)).rejects.toThrow(/or use CocoPanopticDataset/);
  const missing = await loadCoco(file, folder, { panopticDir: path.join(folder, 'none') });
  expect(missing.problems.map(({ message }) => message)[0]).toMatch(
    /Cannot find the panoptic map ".*a.png" of image 1/,
  );
  const [record] = (await load()).records;
  const { panoptic: _, ...plain } = { ...record };
  expect(() => transform()(sampleOf(plain), Random.seeded(0))).toThrow(/the dataset has none. Use CocoPanopticDataset/);
  const instances = path.join(folder, 'instances.json');
  writeFileSync(
    instances,
    JSON.stringify({ ...content, annotations: [{ id: 1, image_id: 1, category_id: 7, bbox: [0, 0, 2, 2] }] }),
  );
  await expect(loadCoco(instances, folder, { panopticDir: maps })).rejects.toThrow(/have no segments_info/);
  writeFileSync(
    path.join(folder, 'gray.png'),
    await sharp({ create: { width: 2, height: 2, channels: 3, background: '#000' } })
      .toColourspace('b-w')
      .png()
      .toBuffer(),
  );
  expect(() => readPanopticPng(path.join(folder, 'gray.png'))).toThrow(/expected an RGB PNG of 8 bits/);
});
