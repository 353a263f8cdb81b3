import { expect, test } from 'vitest';
import { positionWith } from '../../src/training/position';

const saved = { epoch: 3, iteration: 4, step: 34 };

test('with batches of the same size a run goes on where it was', () => {
  expect(positionWith(10, 10, 'epoch', saved)).toEqual(saved);
  expect(positionWith(10, 10, 'iteration', saved)).toEqual(saved);
});

test('a run of epochs goes on after the same share of its images', () => {
  expect(positionWith(20, 10, 'epoch', saved)).toEqual({ epoch: 3, iteration: 8, step: 68 });
  expect(positionWith(3, 10, 'epoch', saved)).toEqual({ epoch: 3, iteration: 1, step: 10 });
  expect(positionWith(7, 10, 'epoch', { epoch: 2, iteration: 0, step: 20 })).toEqual({
    epoch: 2,
    iteration: 0,
    step: 14,
  });
});

test('a run of iterations goes on after as many of them', () => {
  expect(positionWith(20, 10, 'iteration', saved)).toEqual({ epoch: 1, iteration: 14, step: 34 });
});
