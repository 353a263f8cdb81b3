import { expect, test } from 'vitest';
import { toInstances } from '../../../src/models/task-modules';

test('crowd and difficult boxes become ignore regions', () => {
  const { bboxes, labels, ignored } = toInstances({
    bboxes: new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]),
    labels: new Int32Array([4, 5]),
    ignored: new Uint8Array([1, 0]),
  });
  expect([...bboxes]).toEqual([2, 2, 3, 3]);
  expect([...labels]).toEqual([5]);
  expect([...ignored]).toEqual([0, 0, 1, 1]);
});

test('objects keep every column of theirs', () => {
  const polygons = [[Float64Array.of(0, 0, 1, 0, 1, 1)], [Float64Array.of(2, 2, 3, 2, 3, 3)]];
  const { masks, ...rest } = toInstances({
    bboxes: new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]),
    labels: new Int32Array([4, 5]),
    ignored: new Uint8Array([1, 0]),
    masks: { kind: 'polygon', height: 4, width: 4, masks: polygons },
    instanceIds: new Int32Array([10, 20]),
  });
  expect(masks).toEqual({ kind: 'polygon', height: 4, width: 4, masks: [polygons[1]] });
  expect(rest).toMatchObject({ labels: new Int32Array([5]), instanceIds: new Int32Array([20]) });
});

test('a box without finite coordinates is an error that names the image', () => {
  const bboxes = new Float32Array([0, 0, 1, 1, 2, Number.NaN, 3, 3]);
  const truths = { bboxes, labels: new Int32Array([4, 5]), ignored: new Uint8Array([1, 0]) };
  expect(() => toInstances(truths, 'street.jpg')).toThrow(/ground truth of "street.jpg".*box 1 \[2, NaN, 3, 3\]/);
});
