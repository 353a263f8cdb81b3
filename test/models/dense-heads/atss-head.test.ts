// ATSSHead: what its box loss compares.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Random } from '../../../src/random';
import { fillByFormula, sgn } from '../../golden-data';
import { batchOf } from './batch';
import { buildHead, SQUARE_ANCHORS } from './build-head';

beforeAll(async () => void (await startEngine()));

test('reg_decoded_bbox changes nothing: centerness and losses are of boxes in pixels', () => {
  const [small, large] = [10, 70].map((side) => [20, 16, 20 + side, 16 + side]);
  const truths = {
    bboxes: Float32Array.from([...small, ...large]),
    labels: Int32Array.of(0, 2),
    ignored: new Uint8Array(2),
  };
  const losses = [true, false].map((reg_decoded_bbox) => {
    const head = buildHead({
      ...{
        type: 'ATSSHead',
        stacked_convs: 0,
        anchor_generator: { ...SQUARE_ANCHORS, octave_base_scale: 2 },
        reg_decoded_bbox,
      },
      loss_bbox: { type: 'GIoULoss' },
      train_cfg: { assigner: { type: 'ATSSAssigner', topk: 4 } },
    });
    fillByFormula(head);
    const values = tf.tidy(() => {
      const features = [8, 16, 32].map((stride) => {
        const shape: [number, number, number, number] = [1, 96 / stride, 128 / stride, 16];
        return tf.tensor4d(sgn(`level ${stride}`, shape), shape);
      });
      const found = head.loss(features, batchOf([truths]), { random: Random.seeded(1), epoch: 0, iteration: 0 });
      return Object.entries(found).map(([name, value]) => [name, (value as tf.Scalar).arraySync()]);
    });
    head.dispose();
    return values;
  });
  expect(losses[1]).toEqual(losses[0]);
  expect(losses[0].map(([, value]) => value)).not.toContain(0);
});
