// Suppression against mmcv: one class, class by class, soft, and of many classes.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { batchedNms } from '../../src/ops/batched-nms';
import { multiclassNms } from '../../src/ops/multiclass-nms';
import { nms } from '../../src/ops/nms';
import { expectClose, golden } from '../golden-data';

beforeAll(async () => void (await startEngine()));

describe('suppression', () => {
  const { tensors } = golden('nms');
  const data = (name: string) => tensors.get(name)!.data as Float32Array;
  const list = (name: string) => [...tensors.get(name)!.data];
  const [boxes, scores] = [data('boxes'), data('scores')];
  const labels = tensors.get('labels')!.data as Int32Array;

  test.each([3, 5, 7])('nms at 0.%i', (tenths) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const keep = nms(tf.tensor2d(boxes, [80, 4]), tf.tensor1d(scores), { iouThreshold: tenths / 10 });
      expect(keep.dtype).toBe('int32');
      expect([...keep.dataSync()]).toEqual(list(`nms${tenths}.keep`));
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  /** [x1, y1, x2, y2, score] rows. */
  const rows = ({ bboxes, scores: s }: { bboxes: Float32Array; scores: Float32Array }) =>
    Float32Array.from({ length: s.length * 5 }, (_, i) =>
      i % 5 < 4 ? bboxes[4 * Math.floor(i / 5) + (i % 5)] : s[Math.floor(i / 5)],
    );

  test('per class, across classes, and class by class above split_thr', () => {
    const config = { type: 'nms', iou_threshold: 0.5 } as const;
    const result = batchedNms(boxes, scores, labels, config);
    expect([...result.keep]).toEqual(list('batched.keep'));
    expectClose(rows(result), data('batched.dets'), 0);
    expect([...batchedNms(boxes, scores, labels, { ...config, class_agnostic: true }).keep]).toEqual(
      list('agnostic.keep'),
    );
    expect([...batchedNms(boxes, scores, labels, { ...config, split_thr: 10 }).keep]).toEqual(list('batched.keep'));
    expect([...batchedNms(boxes, scores, labels, { ...config, split_thr: 10, max_num: 7 }).keep]).toEqual(
      list('batched.keep').slice(0, 7),
    );
  });

  test('without a config every box comes back by score', () => {
    const { keep, scores: sorted } = batchedNms(boxes, scores, labels, null);
    expect(keep.length).toBe(80);
    expect([...sorted]).toEqual([...scores].sort((a, b) => b - a));
  });

  test('score_threshold and unknown types', () => {
    const { keep } = batchedNms(boxes, scores, labels, { iou_threshold: 0.5, score_threshold: 0.4 });
    expect([...keep]).toEqual(list('batched.keep').filter((i) => scores[i] > Math.fround(0.4)));
    expect(() => batchedNms(boxes, scores, labels, { type: 'softnms' as 'nms' })).toThrow(/Did you mean "soft_nms"/);
    expect(() => batchedNms(boxes, scores, labels, { type: 'nms' })).toThrow(/iou_threshold/);
  });

  test.each(['linear', 'gaussian'] as const)('soft nms, %s', (method) => {
    const result = batchedNms(boxes, scores, labels, {
      type: 'soft_nms',
      iou_threshold: 0.3,
      sigma: 0.5,
      min_score: 0.05,
      method,
      class_agnostic: true,
    });
    expect([...result.keep]).toEqual(list(`soft_${method}.keep`));
    expectClose(rows(result), data(`soft_${method}.dets`), 1e-6);
  });

  test('multiclass, a box per class and shared boxes', () => {
    const config = { type: 'nms', iou_threshold: 0.5 } as const;
    const perClass = multiclassNms(data('mc.boxes12'), data('mc.scores'), 80, 0.3, config, 30);
    expectClose(rows(perClass), data('mc12.dets'), 0);
    expect([...perClass.labels]).toEqual(list('mc12.labels'));
    expect([...perClass.indices]).toEqual(list('mc12.inds'));
    const shared = multiclassNms(boxes, data('mc.scores'), 80, 0.05, config, -1);
    expectClose(rows(shared), data('mc4.dets'), 0);
    expect([...shared.labels]).toEqual(list('mc4.labels'));
    const none = multiclassNms(boxes, data('mc.scores'), 80, 2, config);
    expect(none.labels.length + none.bboxes.length).toBe(0);
    expect(() => multiclassNms(boxes.slice(4), data('mc.scores'), 80, 0.5, config)).toThrow(/received 320 scores/);
  });

  test.each([
    { type: 'nms', iou_threshold: 0.5 },
    { type: 'nms', iou_threshold: 0.5, split_thr: 2 },
    { type: 'soft_nms', iou_threshold: 0.3, min_score: 0.05 },
    null,
  ] as const)('NaN scores come after every number and change nothing for them, %s', (config) => {
    const clean = batchedNms(boxes, scores, labels, config);
    // a NaN before, between and after the others
    const places = [0, 40, 80];
    const source = places.flatMap((from, k) => [
      -1,
      ...Array.from({ length: (places[k + 1] ?? from) - from }, (_, i) => from + i),
    ]);
    const coordinates = Float32Array.from(
      source.flatMap((i) => [...boxes.subarray(4 * Math.max(i, 0), 4 * Math.max(i, 0) + 4)]),
    );
    const result = batchedNms(
      coordinates,
      Float32Array.from(source, (i) => (i < 0 ? Number.NaN : scores[i])),
      Int32Array.from(source, (i) => labels[Math.max(i, 0)]),
      config,
    );
    const numbers = [...result.keep].slice(0, clean.keep.length).map((k) => source[k]);
    expect(numbers).toEqual([...clean.keep]);
    expect([...result.scores.subarray(clean.keep.length)].every(Number.isNaN)).toBe(true);
  });
});
