// Masks of padded, resized and letter-boxed inputs are brought to the original image.

import { expect, test } from 'vitest';
import type { ImageMeta } from '../../../src/data/types';
import { bilinearAxis, resampleMask, rleToBox } from '../../../src/masks';
import { boxRegions, regionRows } from '../../../src/models/mask-heads/box-regions';
import { imageFrame, inputAxis } from '../../../src/models/mask-heads/mask-frames';

const meta: ImageMeta = {
  imgId: 0,
  imgPath: 'a.jpg',
  oriShape: [40, 80],
  imgShape: [60, 120],
  scaleFactor: [1.5, 1.5],
  flip: false,
};
/** Probability 1 from cell 2 to 4 in both directions, of a grid of stride 8 on an input padded to 64 x 128. */
const [h, w] = [8, 16];
const grid = Float32Array.from({ length: h * w }, (_, p) => {
  const [x, y] = [p % w, Math.floor(p / w)];
  return Math.min(x, y) >= 2 && Math.max(x, y) < 5 ? 1 : 0;
});
const box = (given: ImageMeta, rescale: boolean) => {
  const input = { rows: bilinearAxis(h, 64), columns: bilinearAxis(w, 128) };
  const mask = resampleMask(grid, [h, w], imageFrame(input, given, rescale), 0.5);
  return { size: [mask.height, mask.width], box: rleToBox(mask) };
};

test('the padding of the batch is cut off, and the size of the image restored', () => {
  expect(box(meta, false)).toEqual({ size: [60, 120], box: [16, 16, 24, 24] });
  const { size, box: original } = box(meta, true);
  expect(size).toEqual([40, 80]);
  for (const [i, v] of [10.7, 10.7, 16, 16].entries()) expect(Math.abs(original[i] - v)).toBeLessThan(1);
});

test('the bars of a letter box are cut off, too', () => {
  const letterBox: ImageMeta = {
    ...meta,
    imgShape: [64, 128],
    oriShape: [32, 96],
    scaleFactor: [1, 1],
    padParam: [16, 16, 16, 16],
  };
  expect(box(letterBox, true)).toEqual({ size: [32, 96], box: [0, 0, 24, 24] });
  expect(box(letterBox, false)).toEqual({ size: [64, 128], box: [16, 16, 24, 24] });
});

test('one step from a coarse map to the image', () => {
  const rows = inputAxis('y', h, 64, meta, false);
  const columns = inputAxis('x', w, 128, meta, false);
  expect(rleToBox(resampleMask(grid, [h, w], { rows, columns }, 0.5))).toEqual([16, 16, 24, 24]);
  expect(inputAxis('x', w, 128, meta, true).start.length).toBe(80);
});

test('the part of a coarse map in a box, one pixel more on every side', () => {
  const regions = boxRegions(Float32Array.of(16, 0, 40, 64, -5, 0, 130, 64), 'x', { cells: 16, side: 128 });
  expect(regions).toEqual([
    { first: 1, end: 6 },
    { first: 0, end: 16 },
  ]);
  expect([...regionRows(regions.slice(0, 1), 8)]).toEqual([0, 1, 1, 1, 1, 1, 0, 0]);
});
