// Columns of instances: what is selected and concatenated, whatever the columns are.

import { expect, test } from 'vitest';
import { concatInstances, takeInstances } from '../../src/data/instances';
import type { Detections, Truths } from '../../src/data/types';
import { encodeRle, type Rle } from '../../src/masks';

/** A bitmap of 2 x 2 pixels, the `pixel`-th of them set. */
const bitmap = (pixel: number): Rle =>
  encodeRle(
    Uint8Array.from({ length: 4 }, (_, i) => Number(i === pixel)),
    2,
    2,
  );

/** With a column that no type of the project has. */
const truths = () => ({
  bboxes: new Float32Array([0, 0, 1, 1, 10, 10, 11, 11, 20, 20, 21, 21]),
  labels: new Int32Array([5, 6, 7]),
  ignored: new Uint8Array([0, 1, 0]),
  instanceIds: new Int32Array([100, 200, 300]),
  masks: { kind: 'bitmap', height: 2, width: 2, masks: [bitmap(0), bitmap(1), bitmap(2)] } satisfies Truths['masks'],
  points: Float32Array.from({ length: 3 * 2 * 3 }, (_, i) => i), // [n, points, 3]
  names: ['a', 'b', 'c'],
});

test('every column is selected, in the order asked for, and nothing changes in place', () => {
  const given = truths();
  const taken = takeInstances(given, [2, 0]);
  expect(taken).toEqual({
    bboxes: new Float32Array([20, 20, 21, 21, 0, 0, 1, 1]),
    labels: new Int32Array([7, 5]),
    ignored: new Uint8Array([0, 0]),
    instanceIds: new Int32Array([300, 100]),
    masks: { kind: 'bitmap', height: 2, width: 2, masks: [bitmap(2), bitmap(0)] },
    points: new Float32Array([12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5]),
    names: ['c', 'a'],
  });
  taken.labels.fill(0);
  expect(given).toEqual(truths());
});

test('none of several, and some of none', () => {
  const none = takeInstances(truths(), []);
  expect([none.bboxes.length, none.points.length, none.masks.masks.length, none.names.length]).toEqual([0, 0, 0, 0]);
  expect(takeInstances(none, [])).toEqual(none);
});

test('a column that is absent stays absent', () => {
  const { bboxes, labels, ignored } = truths();
  const given: Truths = { bboxes, labels, ignored, masks: undefined };
  expect(Object.keys(takeInstances(given, [1]))).toEqual(['bboxes', 'labels', 'ignored']);
});

test('columns are concatenated image by image; one that some image lacks is left out', () => {
  const [first, second] = [takeInstances(truths(), [0, 1]), takeInstances(truths(), [2])];
  expect(concatInstances([first, second])).toEqual(truths());
  const { masks: _, ...bare } = second;
  const joined = concatInstances<Truths>([first, bare]);
  expect(joined.masks).toBeUndefined();
  expect(joined.instanceIds).toEqual(truths().instanceIds);
});

test('bitmaps and polygons do not join', () => {
  const polygons: Truths = {
    ...truths(),
    masks: { kind: 'polygon', height: 2, width: 2, masks: [[new Float64Array(6)]] },
  };
  expect(() => concatInstances<Truths>([truths(), polygons])).toThrow(/bitmaps and polygons/);
});

test('detections are such a record too', () => {
  const detections: Detections = {
    bboxes: truths().bboxes,
    scores: new Float32Array([0.5, 0.25, 0.125]),
    labels: truths().labels,
    masks: truths().masks.masks,
  };
  expect(takeInstances(detections, [1])).toEqual({
    bboxes: new Float32Array([10, 10, 11, 11]),
    scores: new Float32Array([0.25]),
    labels: new Int32Array([6]),
    masks: [bitmap(1)],
  });
});
