import { expect, test } from 'vitest';
import { toInstances } from '../../../src/models/task-modules';

test('crowd and difficult boxes become ignore regions, and an RPN sees one class', () => {
  const { bboxes, labels, ignored } = toInstances(
    {
      bboxes: new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]),
      labels: new Int32Array([4, 5]),
      ignored: new Uint8Array([1, 0]),
    },
    true,
  );
  expect([...bboxes]).toEqual([2, 2, 3, 3]);
  expect([...labels]).toEqual([0]);
  expect([...ignored]).toEqual([0, 0, 1, 1]);
});
