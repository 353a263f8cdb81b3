// Masks against pycocotools, OpenCV and MMDetection (masks.json, made by generate/masks.py).

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  boxToRle,
  countsFromString,
  countsToString,
  cropRle,
  decodeRle,
  encodeRle,
  flipRle,
  maskTargets,
  mergeRles,
  padRle,
  pasteMask,
  polygonsToRle,
  polygonToRle,
  type Rle,
  resizeMasks,
  resizeRle,
  rleArea,
  rleOverlaps,
  rleToBox,
  segmentationToRle,
} from '../../src/masks';
import { maxDifference } from '../golden-data';

type Box = [number, number, number, number];
interface Golden {
  polygons: { h: number; w: number; polygon: number[]; counts: string; area: number; box: Box }[];
  groups: {
    h: number;
    w: number;
    parts: number[][];
    union: string;
    intersection: string;
    others: string[];
    crowd: number[];
    iou: number[][];
  }[];
  changed: ({ h: number; w: number; counts: string; size: [number, number]; padded: [number, number] } & Record<
    'resized' | 'horizontal' | 'vertical' | 'diagonal' | 'pad',
    string
  >)[];
  targets: {
    h: number;
    w: number;
    objects: number[][][];
    boxes: number[][];
    inds: number[];
    size: [number, number];
    bitmap: string[];
    polygon: string[];
    soft?: number[];
  }[];
  pasted: {
    h: number;
    w: number;
    box: number[];
    size: [number, number];
    threshold: number;
    grid: number[];
    counts: string;
  }[];
}
// a longer file made with more polygons can stand in its place
const file = process.env.DETLAB_MASKS ?? path.join(__dirname, '../golden/masks.json');
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
const read = (counts: string, height: number, width: number): Rle => ({
  height,
  width,
  counts: countsFromString(counts),
});

test('polygons become the run lengths of pycocotools, with their area and box', () => {
  for (const { h, w, polygon, counts, area, box } of golden.polygons) {
    const mask = polygonToRle(polygon, h, w);
    expect(countsToString(mask.counts), `${h} x ${w} ${polygon}`).toBe(counts);
    expect(rleArea(mask)).toBe(area);
    expect(rleToBox(mask)).toEqual(box);
    expect(countsToString(read(counts, h, w).counts)).toBe(counts);
  }
});

test('a bitmap goes there and back', () => {
  for (const { h, w, counts } of golden.polygons) {
    const mask = read(counts, h, w);
    const bitmap = decodeRle(mask);
    expect(bitmap.reduce((a, b) => a + b, 0)).toBe(rleArea(mask));
    // a polygon's runs may hold empty ones; a bitmap's do not
    expect(decodeRle(encodeRle(bitmap, h, w))).toEqual(bitmap);
  }
  expect([...encodeRle([1, 0, 1, 0], 2, 2).counts]).toEqual([0, 2, 2]);
  expect([...encodeRle([0, 0], 1, 2).counts]).toEqual([2]);
});

test('union, intersection and overlaps', () => {
  for (const { h, w, parts, union, intersection, others, crowd, iou } of golden.groups) {
    const masks = parts.map((part) => polygonToRle(part, h, w));
    expect(countsToString(mergeRles(masks).counts)).toBe(union);
    expect(countsToString(mergeRles(masks, true).counts)).toBe(intersection);
    const found = rleOverlaps(
      masks,
      others.map((counts) => read(counts, h, w)),
      Uint8Array.from(crowd),
    );
    expect(maxDifference(found, iou.flat())).toBeLessThan(1e-12);
  }
});

test('resizing, mirroring and padding are those of the bitmaps', () => {
  for (const { h, w, counts, size, padded, ...expected } of golden.changed) {
    const mask = read(counts, h, w);
    expect(countsToString(resizeRle(mask, ...size).counts)).toBe(expected.resized);
    for (const direction of ['horizontal', 'vertical', 'diagonal'] as const)
      expect(countsToString(flipRle(mask, direction).counts)).toBe(expected[direction]);
    expect(countsToString(padRle(mask, ...padded).counts)).toBe(expected.pad);
    const back = cropRle(padRle(mask, h + 3, w + 5), { top: 0, left: 0, height: h, width: w });
    expect(countsToString(back.counts)).toBe(counts);
    const window = { top: 2, left: -3, height: h, width: w };
    const [cropped, pixels] = [decodeRle(cropRle(mask, window)), decodeRle(mask)];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        expect(cropped[y * w + x]).toBe(y + 2 < h && x >= 3 ? pixels[(y + 2) * w + x - 3] : 0);
  }
});

describe('targets of a mask head', () => {
  test.each(golden.targets.map((t, i) => [i, t] as const))(
    'case %i',
    (_, { h, w, objects, boxes, inds, size, ...rest }) => {
      const flat = Float32Array.from(boxes.flat());
      const shape = { height: h, width: w };
      const encoded = (values: Float32Array) =>
        inds.map((_, i) => {
          const target = values.subarray(i * size[0] * size[1], (i + 1) * size[0] * size[1]);
          return countsToString(encodeRle(target, ...size).counts);
        });
      const bitmap = { kind: 'bitmap', ...shape, masks: objects.map((o) => polygonsToRle(o, h, w)) } as const;
      expect(encoded(maskTargets(bitmap, flat, inds, { size }))).toEqual(rest.bitmap);
      const polygons = {
        kind: 'polygon',
        ...shape,
        masks: objects.map((o) => o.map((p) => Float64Array.from(p))),
      } as const;
      expect(encoded(maskTargets(polygons, flat, inds, { size }))).toEqual(rest.polygon);
      if (rest.soft) {
        const soft = maskTargets(bitmap, flat, inds, { size, binarize: false }).subarray(0, rest.soft.length);
        expect(maxDifference(soft, rest.soft)).toBeLessThan(2e-5);
      }
      expect(() => maskTargets(polygons, flat, inds, { size, binarize: false })).toThrow(/poly2mask/);
    },
  );
});

test('a predicted mask is pasted where the reference pastes it', () => {
  for (const { h, w, box, size, threshold, grid, counts } of golden.pasted) {
    const mask = pasteMask(Float32Array.from(grid), size, box, { height: h, width: w, threshold });
    const [found, wanted] = [decodeRle(mask), decodeRle(read(counts, h, w))];
    // a pixel on the threshold may fall on the other side by rounding
    expect(
      found.reduce((n, v, i) => n + (v === wanted[i] ? 0 : 1), 0),
      `${box}`,
    ).toBeLessThanOrEqual(0);
  }
});

test('polygons keep their corners through a change of scale', () => {
  const masks = { kind: 'polygon', height: 10, width: 20, masks: [[Float64Array.of(1, 2, 3.3, 4, 5, 6)]] } as const;
  const once = resizeMasks(resizeMasks({ ...masks, masks: [...masks.masks.map((m) => [...m])] }, 5, 10), 10, 20);
  expect([...(once.masks as Float64Array[][])[0][0]]).toEqual([1, 2, 3.3, 4, 5, 6]);
});

test('what a COCO file can hold, and what it cannot', () => {
  expect([...segmentationToRle({ size: [2, 3], counts: [1, 2, 3] }, 2, 3).counts]).toEqual([1, 2, 3]);
  expect([...segmentationToRle({ size: [2, 3], counts: '123' }, 2, 3).counts]).toEqual([1, 2, 3]);
  expect([...boxToRle([1, 0, 1, 2], 2, 3).counts]).toEqual([2, 2, 2]);
  expect(() => segmentationToRle({ size: [2, 3], counts: [1, 2] }, 2, 3)).toThrow(
    /its size \[2,3\], received 3 pixels/,
  );
  expect(() => countsFromString('1\n')).toThrow(/position 2/);
  expect(() => countsFromString('o')).toThrow(/nothing/);
});
