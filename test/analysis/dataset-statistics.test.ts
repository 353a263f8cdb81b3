// Statistics of ground truth, on two images counted by hand.

import { expect, test } from 'vitest';
import { datasetStatistics, distribution, histogram } from '../../src/analysis/dataset-statistics';
import type { ImageRecord } from '../../src/data';

const record = (id: number, width: number, height: number, objects: [number, number[], number?][]): ImageRecord => ({
  id,
  path: `${id}.jpg`,
  width,
  height,
  truths: {
    bboxes: Float32Array.from(objects.flatMap(([, box]) => box)),
    labels: Int32Array.from(objects, ([label]) => label),
    ignored: Uint8Array.from(objects, ([, , ignored = 0]) => ignored),
  },
  areas: Float32Array.from(objects, ([, [x1, y1, x2, y2]]) => (x2 - x1) * (y2 - y1)),
  annotationIds: objects.map((_, i) => i),
});

const records = [
  record(1, 100, 100, [
    [0, [0, 0, 20, 20]],
    [1, [0, 0, 40, 10]],
    [0, [50, 50, 100, 100], 1],
  ]),
  record(2, 400, 200, [[0, [200, 0, 400, 200]]]),
  record(3, 400, 200, []),
];

test('counts, sizes and positions', () => {
  const found = datasetStatistics(records, ['a', 'b', 'c']);
  expect(found).toMatchObject({ images: 3, objects: 3, ignored: 1 });
  expect(found.classes).toMatchObject([
    { name: 'a', images: 2, objects: 2, small: 1, medium: 0, large: 1, side: { min: 20, max: 200 } },
    { name: 'b', images: 1, objects: 1, small: 1, aspect: { median: 4 } },
    { name: 'c', images: 0, objects: 0, share: 0, side: { count: 0, median: Number.NaN } },
  ]);
  expect(found.classes[0].share).toBeCloseTo(2 / 3);
  expect(found.objectsPerImage).toMatchObject({ min: 0, median: 1, max: 2, mean: 1 });
  expect(found.relativeSide.max).toBeCloseTo(200 / Math.sqrt(80_000));
  expect(found.imageWidth).toMatchObject({ min: 100, median: 400 });
  expect(found.histograms.objectsPerImage).toEqual({ edges: [0, 1, 2, 3], counts: [1, 1, 1] });
  const { cells, shares } = found.positions;
  const at = (x: number, y: number) => shares[Math.floor(y * cells) * cells + Math.floor(x * cells)];
  expect([at(0.1, 0.1), at(0.2, 0.05), at(0.75, 0.5)]).toEqual([1 / 3, 1 / 3, 1 / 3]);
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1);
});

test('quantiles are linear between values, as of numpy', () => {
  expect(distribution([4, 1, 3, 2])).toEqual({
    count: 4,
    min: 1,
    q25: 1.75,
    median: 2.5,
    q75: 3.25,
    max: 4,
    mean: 2.5,
  });
  expect(distribution([]).mean).toBeNaN();
});

test('bins hold their lower bound, and the last all above', () => {
  expect(histogram([1, 2, 2, 9, 100], [0, 1, 2, 4, 8])).toEqual({
    edges: [1, 2, 4, 8, Number.POSITIVE_INFINITY],
    counts: [1, 2, 0, 2],
  });
  expect(histogram([], [0, 1])).toEqual({ edges: [], counts: [] });
});

test('no images at all', () => {
  const none = datasetStatistics([], ['a']);
  expect([none.objects, none.classes[0].share, none.positions.shares[0]]).toEqual([0, 0, 0]);
});
