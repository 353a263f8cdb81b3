// OksLoss against MMYOLO's, on hostile input too: keypoints that are the same, none visible, a box without extent.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { COCO_PERSON, skeletonOf } from '../../../src/geometry/skeleton';
import { OksLoss } from '../../../src/models/losses';
import { expectClose } from '../../golden-data';
import { poseGolden } from '../../pose-golden';

beforeAll(async () => void (await startEngine()));

test.each(poseGolden().losses.map((one) => [one.name, one] as const))('%s', (name, expected) => {
  const loss = new OksLoss(30, name === 'sigmas' ? COCO_PERSON.sigmas : undefined);
  const n = expected.loss.length;
  tf.tidy(() => {
    const [points, predicted] = [expected.points, expected.predicted].map((v) => tf.tensor3d(v, [n, 17, 2]));
    const visible = tf.tensor2d(expected.visible, [n, 17]);
    const bboxes = expected.boxes ? tf.tensor2d(expected.boxes, [n, 4]) : undefined;
    const call = { visible, bboxes, reduction: 'none' } as const;
    expectClose(loss.forward(predicted, points, call).dataSync(), expected.loss, 1e-5);
    const { keep } = expected;
    const rows = tf.tensor1d(keep, 'int32');
    const slopes = tf.grad((x: tf.Tensor) => tf.sum(tf.gather(loss.forward(x, points, call), rows)))(predicted);
    expectClose(tf.gather(slopes, rows).dataSync(), expected.grad, 1e-5);
    expect([...slopes.dataSync()].every(Number.isFinite)).toBe(true);
  });
  expect([...loss.named()].map(([key]) => key)).toEqual(name === 'sigmas' ? ['sigmas'] : []);
  loss.dispose();
});

test('metainfo of other keypoints', () => {
  const point = (id: number, name: string, swap = '') => ({ id, name, swap });
  const keypoint_info = { 0: point(0, 'left', 'right'), 1: point(1, 'right', 'left'), 2: point(2, 'tip') };
  const skeleton_info = { 0: { link: ['left', 'tip'] as [string, string] } };
  const { names, flipIndices, links, sigmas } = skeletonOf(
    { keypoint_info, skeleton_info, sigmas: [1, 1, 2] },
    'metainfo',
  );
  expect([names, flipIndices, links, sigmas]).toEqual([['left', 'right', 'tip'], [1, 0, 2], [[0, 2]], [1, 1, 2]]);
  expect(() => skeletonOf({ keypoint_info, sigmas: [1] }, 'metainfo')).toThrow(/a sigma for each of the 3/);
  const lonely = { ...keypoint_info, 1: point(1, 'right') };
  expect(() => skeletonOf({ keypoint_info: lonely }, 'metainfo')).toThrow(/"left" swaps with "right", which does not/);
  const wrong = { keypoint_info, skeleton_info: { 0: { link: ['left', 'top'] as [string, string] } } };
  expect(() => skeletonOf(wrong, 'metainfo')).toThrow(/no keypoint "top"\. Did you mean "tip"/);
});
