// CrossEntropyLoss with one number as class_weight.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { catalogue } from '../../../src/lab/catalogue';
import { perClassWeights } from '../../../src/models/dense-heads/detr-head-options';
import type { CrossEntropyLoss } from '../../../src/models/losses/cross-entropy-loss';
import { goldenJson } from '../../golden-data';

beforeAll(() => startEngine());
const { losses } = goldenJson<{ losses: Record<'sigmoid' | 'mask', number> }>('legal_options');
const values = (shape: number[]) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(-1 + (2 * i) / (count - 1))),
    shape,
  );
};
const build = (options: object) =>
  catalogue.build(
    'loss',
    { type: 'CrossEntropyLoss', loss_weight: 0.5, ...options },
    { path: 'loss' },
  ) as CrossEntropyLoss;

test('with use_sigmoid it is the weight of positives', () => {
  const loss = build({ use_sigmoid: true, class_weight: 2.5 });
  const labels = tf.tensor1d([0, 1, 2, 3, 1], 'int32');
  expect(loss.forward(values([5, 3]).mul(3), labels).dataSync()[0]).toBeCloseTo(losses.sigmoid, 5);
});

test('with use_mask it is a factor on all pixels', () => {
  const loss = build({ use_mask: true, class_weight: 2.5 });
  const logits = tf.transpose(values([2, 3, 4, 4]).mul(3), [0, 2, 3, 1]) as tf.Tensor4D;
  const masks = tf.cast(tf.greater(values([2, 4, 4]), 0), 'float32') as tf.Tensor3D;
  expect(loss.forwardMask(logits, masks, tf.tensor1d([0, 2], 'int32')).dataSync()[0]).toBeCloseTo(losses.mask, 5);
  expect(() => build({ use_mask: true, class_weight: [1, 2, 3] })).toThrow(/one number as class_weight with use_mask/);
});

test('without either it is refused, except by the heads that write it out per class', () => {
  expect(() => build({ class_weight: 2.5 })).toThrow(/one number as class_weight without use_sigmoid/);
  const loss = { type: 'CrossEntropyLoss', class_weight: 2 };
  expect(perClassWeights({ ...loss, bg_cls_weight: 0.5 }, 2).loss.class_weight).toEqual([2, 2, 0.5]);
  const listed = perClassWeights({ ...loss, class_weight: [3, 1], bg_cls_weight: 0.5 }, 2);
  expect(listed).toEqual({ loss: expect.objectContaining({ class_weight: [3, 1, 0.5] }), background: 0.5 });
  expect(perClassWeights({ ...loss, use_sigmoid: true }, 2)).toEqual({
    loss: { ...loss, use_sigmoid: true },
    background: 0,
  });
});
