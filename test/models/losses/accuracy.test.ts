// Accuracy of classification.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { accuracy } from '../../../src/models/losses';

beforeAll(async () => void (await startEngine()));

test('accuracy in percent', () => {
  tf.tidy(() => {
    const scores = tf.tensor2d([0.1, 0.9, 0.8, 0.2, 0.3, 0.7], [3, 2]);
    expect(accuracy(scores, tf.tensor1d([1, 1, 1], 'int32')).arraySync()).toBeCloseTo(200 / 3, 4);
  });
});
