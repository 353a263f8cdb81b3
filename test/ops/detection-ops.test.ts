import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { bboxOverlaps, clipBoxes, scaleBoxes } from '../../src/geometry/boxes';
import { batchedNms } from '../../src/ops/batched-nms';
import { multiclassNms } from '../../src/ops/multiclass-nms';
import { nms } from '../../src/ops/nms';
import { roiAlign } from '../../src/ops/roi-align';
import { expectClose, golden, nchw, nhwc, sgn } from '../golden-data';

beforeAll(async () => void (await startEngine()));

describe('roiAlign', () => {
  const { tensors } = golden('roi_align');
  const cases = [...tensors.keys()].filter((name) => /^al/.test(name));
  test.each(cases)('%s: values and gradient', (name) => {
    const [, aligned, ratio, size] = /al(\d)_sr(\d)_(\d+)/.exec(name)!;
    const options = {
      outputSize: [Number(size), Number(size)] as [number, number],
      spatialScale: 1 / 8,
      samplingRatio: Number(ratio),
      aligned: aligned === '1',
    };
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = nhwc(tensors.get('feat')!);
      const rois = tf.tensor2d(tensors.get('rois')!.data, [10, 5]);
      const want = tensors.get(name)!;
      let y = roiAlign(x, rois, options);
      expect(y.shape).toEqual([10, Number(size), Number(size), 4]);
      if (want.shape[1] === 2) y = tf.gather(y, [0, 2], 3); // 14 x 14: channels 0 and 2 are stored
      expectClose(nchw(y), want.data, 5e-6, 'values');
      const shape = [10, 4, Number(size), Number(size)];
      const g = nhwc({ shape, data: sgn('g', shape) });
      const grad = tf.grad((input) => tf.sum(tf.mul(roiAlign(input as tf.Tensor4D, rois, options), g)))(x);
      expectClose(nchw(grad), tensors.get(`grad.${name}`)!.data, 5e-5, 'gradient');
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('no rois give an empty result, and rois without image index an error', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
    expect(roiAlign(x, tf.zeros([0, 5]), { outputSize: [7, 7], spatialScale: 1 }).shape).toEqual([0, 7, 7, 2]);
    expect(() => roiAlign(x, tf.zeros([3, 4]), { outputSize: [7, 7], spatialScale: 1 })).toThrow(
      /expected shape \[K, 5\]/,
    );
  });
});

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
});

test('box geometry', () => {
  const a = new Float32Array([0, 0, 2, 2]);
  const b = new Float32Array([1, 0, 3, 2, 0, 0, 1, 2, 5, 5, 6, 6]);
  expectClose(bboxOverlaps(a, b), [1 / 3, 0.5, 0], 1e-7);
  expectClose(bboxOverlaps(b, a, 'iof'), [0.5, 1, 0], 1e-7);
  expectClose(bboxOverlaps(a, b, 'giou'), [1 / 3, 0.5, -31 / 36], 1e-6);
  expect([...clipBoxes(new Float32Array([-1, 3, 20, 30]), [10, 12])]).toEqual([0, 3, 12, 10]);
  expect([...scaleBoxes(new Float32Array([1, 2, 3, 4]), [2, 0.5])]).toEqual([2, 1, 6, 2]);
});
