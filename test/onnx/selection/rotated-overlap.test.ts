// IoU of rotated boxes as nodes of a graph: that of `rotatedOverlap`, where boxes are equal, turned, touch or have no area too.

import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { rotatedOverlap } from '../../../src/geometry/rotated-overlaps';
import { Graph } from '../../../src/onnx/graph';
import { encodeModel } from '../../../src/onnx/messages';
import { rotatedOverlaps } from '../../../src/onnx/selection/rotated-overlap';
import { Random } from '../../../src/random';

const random = Random.seeded(1);
const within = (low: number, high: number) => low + (high - low) * random.uniform();
const HALF = Math.PI / 2;
const ODD = [
  [50, 40, 20, 10, 0],
  [50, 40, 20, 10, Math.PI],
  [50, 40, 20, 10, HALF],
  [50, 40, 10, 20, HALF],
  [50, 40, 10, 20, 0],
  [70, 40, 20, 10, 0], // touches the first
  [60, 40, 20, 10, 0],
  [52, 40, 4, 4, 0.3], // within it
  [50, 40, 200, 100, 0.1], // around it
  [50, 40, 20, 0, 0],
  [50, 40, -20, 10, 0],
  [500, 400, 20, 10, 0.2],
];
const some = Array.from({ length: 60 }, () => [
  within(20, 80),
  within(20, 80),
  within(2, 50),
  within(2, 50),
  within(-4, 4),
]);
const boxes = [...ODD, ...some].map((box) => box.map(Math.fround));

test('IoU of every box with every other', async () => {
  const graph = new Graph();
  const value = graph.input('boxes', 'float32', [1, boxes.length, 5], '');
  const at = graph.input('best', 'int64', [1, 1, 1], '');
  const of = (x: string) => graph.node('GatherND', [x, at], { batch_dims: 1 });
  graph.output(rotatedOverlaps(value, graph)(of), 'iou', 'float32', [1, boxes.length], '');
  const bytes = encodeModel(graph.model({ name: 'test', version: '0', doc: '', metadata: {} }));
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const table = new ort.Tensor('float32', Float32Array.from(boxes.flat()), [1, boxes.length, 5]);
  let overlapping = 0;
  for (const [i, one] of boxes.entries()) {
    const best = new ort.Tensor('int64', BigInt64Array.of(BigInt(i)), [1, 1, 1]);
    const { iou } = await session.run({ boxes: table, best });
    for (const [k, other] of boxes.entries()) {
      const expected = rotatedOverlap(other, one);
      if (expected > 0.01) overlapping++;
      expect(Math.abs(Number(iou.data[k]) - expected), `${other} with ${one}`).toBeLessThan(2e-5);
    }
  }
  expect(overlapping).toBeGreaterThan(1000);
  await session.release();
});
