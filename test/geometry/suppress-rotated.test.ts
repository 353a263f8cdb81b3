// nms_rotated beside mmcv's, alone and by class.

import { expect, test } from 'vitest';
import { suppressRotated } from '../../src/geometry/suppress-rotated';
import { batchedNms } from '../../src/ops/batched-nms';
import { argsortDescending } from '../../src/ops/nms';
import { goldenJson } from '../golden-data';

interface Case {
  boxes: number[];
  scores: number[];
  ids: number[];
  threshold: number;
  keep: number[];
  batched: number[];
  split: number[];
}

test('rotated boxes are suppressed as in mmcv', () => {
  for (const given of goldenJson<{ nms: Case[] }>('rotated_boxes').nms) {
    const [boxes, scores] = [Float32Array.from(given.boxes), Float32Array.from(given.scores)];
    expect([...suppressRotated(boxes, argsortDescending(scores), given.threshold)]).toEqual(given.keep);
    const options = { type: 'nms_rotated', iou_threshold: given.threshold } as const;
    const ids = Int32Array.from(given.ids);
    expect([...batchedNms(boxes, scores, ids, options).keep]).toEqual(given.batched);
    expect([...batchedNms(boxes, scores, ids, { ...options, split_thr: 10 }).keep]).toEqual(given.split);
    expect([...batchedNms(boxes, scores, ids, { ...options, max_num: 5 }).keep]).toEqual(given.batched.slice(0, 5));
    expect(batchedNms(boxes, scores, ids, null).bboxes.length).toBe(boxes.length);
  }
  expect([...suppressRotated(new Float32Array(0), new Int32Array(0), 0.5)]).toEqual([]);
});
