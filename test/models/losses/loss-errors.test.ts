// A loss that is given what it does not compare says where it is, what it takes and what it received.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { DetLabError } from '../../../src/errors';
import { createRegistry } from '../../../src/models/catalogue';

beforeAll(() => startEngine());

const built = (type: string) => createRegistry().build('loss', { type }, { path: 'model.bbox_head.loss' });
const zeros = (...shape: number[]) => tf.zeros(shape);

test.each([
  ['SmoothL1Loss', [6, 4], [6, 4], [6], 'the prediction [6, 4] and the target [6, 4], weighted by [6]'],
  [
    'VarifocalLoss',
    [6, 3],
    [6],
    undefined,
    'takes logits [N, C] and targets [N, C] -> scalar; received the prediction [6, 3]',
  ],
  ['RotatedIoULoss', [6, 4], [6, 4], undefined, 'boxes [n, 5] and [n, 5]'],
  ['DistributionFocalLoss', [6, 4], [6, 4], [6], 'received the prediction [6, 4]'],
] as [string, number[], number[], number[] | undefined, string][])('%s', (type, prediction, target, weight, text) => {
  tf.tidy(() => {
    const call = weight && { weight: zeros(...weight) };
    let error: unknown;
    try {
      built(type).forward(zeros(...prediction), zeros(...target), call);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(DetLabError);
    expect(String(error)).toContain(`Cannot compute ${type} at model.bbox_head.loss: it takes`);
    expect(String(error)).toContain(text);
    expect((error as Error).cause).toBeInstanceOf(Error);
  });
});

test('a pair of a loss whose targets are labels and qualities', () => {
  tf.tidy(() => {
    const labels = tf.tensor1d([0, 1], 'int32');
    const forward = () => built('QualityFocalLoss').forward(zeros(2, 3), [labels, zeros(5)] as unknown as tf.Tensor);
    expect(forward).toThrow('the target [2] and [5]');
  });
});

test('what the loss itself refuses is said as it is', () => {
  tf.tidy(() => {
    const forward = () => built('FocalLoss').forward(zeros(2, 3), tf.tensor1d([0, 7], 'int32'));
    expect(forward).toThrow(/label/);
    expect(forward).not.toThrow(/Cannot compute FocalLoss at/);
  });
});
