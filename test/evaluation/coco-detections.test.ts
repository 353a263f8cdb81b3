// COCO results: by image, with boxes or masks alone, and what is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type CocoDetection, CocoSegmMetric, detectionsOfCoco, readCocoDetections } from '../../src/evaluation';
import { decodeRle, segmentationToRle } from '../../src/masks';

const options = {
  labels: new Map([
    [7, 0],
    [9, 1],
    [3, -1],
  ]),
  images: [
    { id: 5, height: 2, width: 3 },
    { id: 4, height: 2, width: 3 },
  ],
  file: 'results.json',
};
const entry: CocoDetection = { image_id: 4, category_id: 9, bbox: [1, 2, 3, 4], score: 0.25 };

it('boxes by image, in the order of the file', () => {
  const found = detectionsOfCoco([entry, { ...entry, category_id: 3 }, { ...entry, category_id: 7 }], options);
  expect([...found.keys()]).toEqual([5, 4]);
  expect(found.get(5)!.scores).toHaveLength(0);
  expect([...found.get(4)!.bboxes]).toEqual([1, 2, 4, 6, 1, 2, 4, 6]);
  expect([...found.get(4)!.labels]).toEqual([1, 0]);
  expect(found.get(4)!.masks).toBeUndefined();
});

it('masks without boxes: compressed, plain, and as polygons', () => {
  const { bbox: _, ...rest } = entry;
  const segmentations = [
    { size: [2, 3], counts: '222' },
    { size: [2, 3], counts: [2, 2, 2] },
    [[1, 0, 1, 2, 2, 2, 2, 0]],
  ];
  const found = detectionsOfCoco(
    segmentations.map((segmentation) => ({ ...rest, segmentation })),
    options,
  );
  const { bboxes, masks } = found.get(4)!;
  for (const [i, segmentation] of segmentations.entries()) {
    const expected = segmentationToRle(segmentation, 2, 3);
    expect([...masks![i].counts]).toEqual([...expected.counts]);
    expect(decodeRle(masks![i])).toEqual(decodeRle(expected));
    expect([...bboxes.subarray(4 * i, 4 * i + 4)]).toEqual([1, 0, 2, 2]);
  }
});

it('refuses other images, other categories, and masks whose runs do not fit', () => {
  expect(() => detectionsOfCoco([{ ...entry, image_id: 6 }], options)).toThrow(/no image with the id 6/);
  expect(() => detectionsOfCoco([{ ...entry, category_id: 6 }], options)).toThrow(/category_id 6 is none of 7, 9, 3/);
  const wrong = { ...entry, segmentation: { size: [2, 3], counts: '221' } };
  const { masks } = detectionsOfCoco([wrong], options).get(4)!;
  expect(() => masks![0].counts).toThrow(/its size \[2,3\], received 5 pixels/);
});

it('boxes and masks mixed are evaluated as boxes; no segmentation may be null', () => {
  const { bbox: _, ...rest } = entry;
  const mixed = [
    { ...entry, segmentation: null },
    { ...rest, segmentation: { size: [2, 3], counts: '222' } },
  ];
  const { bboxes, masks } = detectionsOfCoco(mixed, options).get(4)!;
  expect(masks).toBeUndefined();
  expect([...bboxes]).toEqual([1, 2, 4, 6, 1, 0, 2, 2]);
});

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-results-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('reads a file with a byte order mark, and says what is no JSON or no detection', async () => {
  const read = (text: string) => {
    const file = path.join(folder, 'results.json');
    writeFileSync(file, text);
    return readCocoDetections(file);
  };
  expect(await read(`\ufeff${JSON.stringify([entry])}`)).toEqual([entry]);
  const nan = JSON.stringify([entry]).replace('0.25', 'NaN');
  await expect(read(nan)).rejects.toThrow(/results.json": it has NaN, as Python writes it, which is no JSON/);
  await expect(read('[{ "score": 1 }]')).rejects.toThrow(/expected a list of .* or segmentation, received {"score":1}/);
  await expect(read('null')).rejects.toThrow(/received null/);
});

it('a mask that cannot be read is named, and leaves later evaluations alone', () => {
  const mask = segmentationToRle({ size: [2, 3], counts: '222' }, 2, 3);
  const truths = {
    imageId: 4,
    boxes: Float64Array.of(1, 0, 1, 2),
    labels: Int32Array.of(1),
    areas: Float64Array.of(2),
    ignored: Uint8Array.of(0),
    mask: () => mask,
  };
  const evaluated = (counts: string) => {
    const metric = new CocoSegmMetric([truths], { classes: ['a', 'b'] });
    metric.add(4, detectionsOfCoco([{ ...entry, segmentation: { size: [2, 3], counts } }], options).get(4)!);
    return metric.compute().metrics.AP;
  };
  expect(evaluated('222')).toBe(1);
  expect(() => evaluated('221')).toThrow(/masks of image 4: detection 0: .*its size \[2,3\], received 5 pixels/);
  expect(evaluated('222')).toBe(1);
});
