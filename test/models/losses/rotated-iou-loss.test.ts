// RotatedIoULoss beside MMRotate's: values and gradients.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { RotatedIoULoss, rotatedIoULossDefinition } from '../../../src/models/losses/rotated-iou-loss';
import { expectClose, goldenJson } from '../../golden-data';

interface Golden {
  loss: {
    pred: number[];
    target: number[];
    none: number[];
    cases: { options: Record<string, unknown>; avg_factor: number | null; value: number; gradient: number[] }[];
  };
}

beforeAll(async () => void (await startEngine()));

test('values and gradients are those of MMRotate', () => {
  const { pred, target, none, cases } = goldenJson<Golden>('rotated_boxes').loss;
  const [boxes, truths] = [pred, target].map((values) => tf.tensor2d(values, [values.length / 5, 5]));
  const build = (options: Record<string, unknown>) => {
    const { linear, ...rest } = rotatedIoULossDefinition.options.parse(options);
    return new RotatedIoULoss(linear ? { ...rest, mode: 'linear' } : rest);
  };
  expectClose(build({ mode: 'linear', reduction: 'none' }).forward(boxes, truths).dataSync(), none, 1e-5);
  const weight = tf.linspace(0.2, 1.6, 16);
  for (const { options, avg_factor, value, gradient } of cases) {
    const loss = build(options);
    const call = { weight, ...(avg_factor !== null && { avgFactor: avg_factor }) };
    const { value: found, grad } = tf.valueAndGrad((x: tf.Tensor) => loss.forward(x, truths, call) as tf.Scalar)(boxes);
    expect(found.dataSync()[0]).toBeCloseTo(value, 4);
    expectClose(grad.dataSync(), gradient, 2e-4);
  }
});

test('boxes that are one, apart or without area have finite losses and gradients', () => {
  const box = [30, 30, 20, 10, 0.3];
  const others = [
    box,
    [30, 30, 20, 10, 0.3 - Math.PI],
    [300, 30, 20, 10, 0],
    [30, 30, 0, 10, 0],
    [30, 30, -4, 10, 0.1],
  ];
  const loss = new RotatedIoULoss({ mode: 'log', eps: 1e-6, reduction: 'none', loss_weight: 1 });
  const prediction = tf.tensor2d(others);
  const target = tf.tensor2d(others.map(() => box));
  const values = loss.forward(prediction, target).dataSync();
  const gradient = tf
    .grad((x: tf.Tensor) => tf.sum(loss.forward(x, target)))(prediction)
    .dataSync();
  expect(values[0]).toBeCloseTo(0, 6);
  expect(values[1]).toBeCloseTo(0, 6);
  expect(values[2]).toBeCloseTo(-Math.log(1e-6), 4);
  for (const v of [...values, ...gradient]) expect(Number.isFinite(v)).toBe(true);
});
