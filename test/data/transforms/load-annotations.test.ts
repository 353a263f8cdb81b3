// Masks as LoadAnnotations reads them, and on their way through the transforms.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import '../../../src/data/node-platform';
import { flipRle, flipSemantic, padRle, resizeRle, resizeSemantic, rleArea, toRles } from '../../../src/masks';
import { labelMapPng } from '../../../src/masks/label-map';
import { toInstances } from '../../../src/models/task-modules';
import { H, load, record, run, star, W, whole } from './outlined';

it('reads bitmaps, and ignores what has no outline', async () => {
  const { truths } = await run([load]);
  expect(truths.masks).toMatchObject({ kind: 'bitmap', height: H, width: W });
  const masks = toRles(truths.masks!);
  expect(masks[0]).toEqual(whole);
  expect(masks.map(rleArea).slice(1)).toEqual([36, 800, 0]);
  expect([...truths.ignored]).toEqual([0, 0, 1, 1]);
  expect([...record.truths.ignored]).toEqual([0, 0, 1, 0]);
});

it('keeps polygons, and ignores run lengths', async () => {
  const { truths } = await run([{ ...load, poly2mask: false }]);
  expect(truths.masks!.kind).toBe('polygon');
  expect((truths.masks!.masks as Float64Array[][])[0].map((p) => [...p])).toEqual([star]);
  expect([...truths.ignored]).toEqual([0, 0, 1, 1]);
});

it('mask2bbox: boxes around the polygons, which are joined to one (values of MMYOLO 0.6.0)', async () => {
  const parts = [
    [2, 3, 2, 9.5, 8, 9, 8, 3],
    [12, 13, 12, 19, 18, 19.25],
  ];
  const given = { ...record, segmentations: [[star], parts, record.segmentations![2], undefined] };
  const { truths } = await run([{ ...load, mask2bbox: true }], given);
  const joined = [8, 9, 8, 3, 2, 3, 2, 9.5, 8, 9, 12, 13, 12, 19, 18, 19.25, 12, 13];
  expect((truths.masks!.masks as Float64Array[][]).slice(0, 2).map(([p]) => [...p])).toEqual([star, joined]);
  // objects without polygons are ignored with the boxes of the annotations; MMYOLO leaves them out
  expect([...truths.bboxes]).toEqual([10, 6, 40, 30, 2, 3, 18, 19.25, 0, 0, 20, 20, 5, 5, 9, 9]);
  expect([...truths.ignored]).toEqual([0, 0, 1, 1]);
  expect(() => run([{ ...load, mask2bbox: true, poly2mask: true }])).toThrow(/poly2mask makes bitmaps/);
  expect(() => run([{ type: 'LoadAnnotations', mask2bbox: true }])).toThrow(/with_mask: true/);
});

it('ignores all of an image without outlines', async () => {
  const outlineless = (await run([load], { ...record, segmentations: undefined })).truths;
  expect([...outlineless.ignored]).toEqual([1, 1, 1, 1]);
  expect(toRles(outlineless.masks!).map(rleArea)).toEqual([0, 0, 0, 0]);
  const bare = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
  const { truths } = await run([load], { ...record, truths: bare, segmentations: undefined });
  expect(truths.masks!.masks).toEqual([]);
});

it('through Resize, RandomFlip and Pad', async () => {
  const resize = { type: 'Resize', scale: [90, 70], keep_ratio: true };
  const { truths, image } = await run([
    load,
    resize,
    { type: 'RandomFlip', prob: 1 },
    { type: 'Pad', size_divisor: 32 },
  ]);
  expect([image.height, image.width]).toEqual([64, 96]);
  const expected = padRle(flipRle(resizeRle(whole, 60, 90), 'horizontal'), 64, 96);
  expect(toRles(truths.masks!)[0]).toEqual(expected);
});

it('as polygons without loss', async () => {
  const steps = [
    { ...load, poly2mask: false },
    { type: 'Resize', scale: [90, 60] },
    { type: 'RandomFlip', prob: 1 },
  ];
  const { truths } = await run(steps);
  const [[part]] = truths.masks!.masks as Float64Array[][];
  expect([...part]).toEqual(star.map((v, i) => (i & 1 ? v * 1.5 : 90 - v * 1.5)));
  expect(truths.masks).toMatchObject({ height: 60, width: 90 });
});

it('and to the truths that are learnt', async () => {
  const { truths } = await run([load]);
  const { masks, labels } = toInstances(truths);
  expect([...labels]).toEqual([0, 1]);
  expect(toRles(masks!)[0]).toEqual(whole);
});

it('semantic maps: read, moved with the pixels, refused where a step leaves them', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'semantic-'));
  const semanticFile = path.join(folder, 'map.png');
  const data = Uint16Array.from({ length: W * H }, (_, i) => (i % 7 === 0 ? 255 : i % 5));
  writeFileSync(semanticFile, labelMapPng({ width: W, height: H, data }));
  const read = { ...load, with_seg: true };
  const resize = { type: 'Resize', scale: [90, 70], keep_ratio: true };
  try {
    const mapped = { ...record, semanticFile };
    const { semantic, image } = await run([read, resize, { type: 'RandomFlip', prob: 1 }], mapped);
    expect([semantic!.width, semantic!.height]).toEqual([image.width, image.height]);
    const expected = flipSemantic(resizeSemantic({ data, width: W, height: H }, 90, 60), 'horizontal');
    expect([...semantic!.data]).toEqual([...expected.data]);
    const less = await run([{ ...read, reduce_zero_label: true }], mapped);
    expect([...less.semantic!.data]).toEqual(Array.from(data, (v) => (v === 0 || v === 255 ? 255 : v - 1)));
    await expect(run([read, { type: 'Expand', prob: 1 }], mapped)).rejects.toThrow(/Cannot move the semantic map/);
    await expect(run([read])).rejects.toThrow(/Set data_prefix.seg/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
