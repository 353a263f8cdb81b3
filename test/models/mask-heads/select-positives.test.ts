import { expect, test } from 'vitest';
import { selectPositives } from '../../../src/models/mask-heads/select-positives';
import { Random } from '../../../src/random';

const truths = Int32Array.of(1, 0, 1, 1, 0, 3);
const positives = { truths, confidences: () => Float32Array.of(0.1, 0.9, 0.3, 0.2, 0.4, 0.5) };
const select = (max_masks_to_train: number, topk_masks_per_img: number) => [
  ...selectPositives(positives, { max_masks_to_train, topk_masks_per_img }, Random.seeded(1)),
];

test('all, so many at random, or the most confident of each object', () => {
  expect(select(-1, -1)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(select(6, -1)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(new Set(select(4, -1)).size).toBe(4);
  expect(select(-1, 6).sort()).toEqual([1, 2, 3, 4, 5]);
  // at least one of each object
  expect(select(-1, 1).sort()).toEqual([1, 2, 5]);
});
