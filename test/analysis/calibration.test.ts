// Calibration against an example worked by hand, and the input on which hotcoco 1.3.0 was run.

import { expect, test } from 'vitest';
import { calibration } from '../../src/analysis/calibration';
import { pooledClasses, type RankedClass, rankMatches } from '../../src/analysis/ranked-matches';

const ranked = (rows: [score: number, right: 0 | 1 | undefined][]): RankedClass => ({
  name: 'a',
  scores: Float64Array.from(rows, ([score]) => score),
  images: new Int32Array(rows.length),
  trues: Uint32Array.from(rows, ([, right]) => (right === 1 ? 1 : 0)),
  falses: Uint32Array.from(rows, ([, right]) => (right === 0 ? 1 : 0)),
  truths: Int32Array.of(rows.length),
  positives: rows.length,
});

test('by hand: five bins, one detection ignored', () => {
  // [0.8, 1]: 1, 0.9, 0.8 with 2 of 3 right; [0.4, 0.6): 0.5, 0.4 with 1 of 2; [0, 0.2): 0 with none
  const { bins, ece, mce, count } = calibration(
    ranked([
      [1, 1],
      [0.9, 0],
      [0.8, 1],
      [0.7, undefined],
      [0.5, 0],
      [0.4, 1],
      [0, 0],
    ]),
    0,
    5,
  );
  expect(bins.map((bin) => bin.count)).toEqual([1, 0, 2, 0, 3]);
  expect(bins[4].confidence).toBeCloseTo(0.9, 12);
  expect(bins[4].accuracy).toBeCloseTo(2 / 3, 12);
  expect(bins[1].accuracy).toBeNaN();
  expect(count).toBe(6);
  // gaps 0.9 - 2/3, 0.5 - 0.45 and 0
  expect(ece).toBeCloseTo((3 * (0.9 - 2 / 3) + 2 * 0.05 + 0) / 6, 12);
  expect(mce).toBeCloseTo(0.9 - 2 / 3, 12);
});

test("hotcoco's numbers on its example", () => {
  const box = (x: number, y: number, side = 40) => [x, y, x + side, y + side];
  const truths = [box(10, 10), box(100, 10), box(10, 100), box(100, 100)];
  const found: [number[], number, number][] = [
    [box(10, 10), 0.9, 0],
    [box(12, 10), 0.8, 0],
    [box(100, 10), 0.7, 1],
    [box(22, 110), 0.6, 1],
    [box(200, 200, 20), 0.5, 0],
    [box(100, 100), 0.4, 1],
    [box(100, 10), 0.2, 0],
  ];
  const record = {
    id: 1,
    path: '/a.png',
    width: 300,
    height: 300,
    truths: {
      bboxes: Float32Array.from(truths.flat()),
      labels: Int32Array.of(0, 0, 1, 1),
      ignored: new Uint8Array(4),
    },
    areas: new Float32Array(4).fill(1600),
    annotationIds: [1, 2, 3, 4],
  };
  const dataset = { name: 'facts', classes: ['a', 'b'], records: [record], problems: [] };
  const detections = {
    bboxes: Float32Array.from(found.flatMap(([bbox]) => bbox)),
    scores: Float32Array.from(found, ([, score]) => score),
    labels: Int32Array.from(found, ([, , label]) => label),
  };
  const { classes } = rankMatches({ dataset, images: [{ imageId: 1, record, detections }] }, { ious: [0.5] });
  const { ece, mce, count } = calibration(pooledClasses(classes));
  expect(count).toBe(7);
  expect(ece).toBeCloseTo(0.5857, 4);
  expect(mce).toBeCloseTo(0.8, 6);
});

test('without detections there is no error, and bins are checked', () => {
  expect(calibration(ranked([]))).toMatchObject({ ece: Number.NaN, mce: Number.NaN, count: 0 });
  expect(() => calibration(ranked([]), 0, 0)).toThrow(/1 to 100 bins, received 0/);
});
