// Batches of several identities in place of single images.

import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../../src/data/loading/batch-order';
import { tripletOrder } from '../../../src/data/loading/triplet-order';

const identities = Int32Array.of(3, 3, 7, 7, 7, 9, 12, 12);
const triplets = { numIds: 3, perId: 2, identities };
const images = { length: identities.length, upright: () => false };
const order = { batchSize: 1, shuffle: true, seed: 4, aspectRatioGrouping: false, dropLast: false, triplets };

describe('tripletOrder', () => {
  it('draws as many images of each identity, the own one first', () => {
    const alone = sampleOrder(images, 0, { ...order, triplets: undefined });
    const batches = sampleOrder(images, 0, order);
    expect(batches).toHaveLength(8);
    for (const [b, batch] of batches.entries()) {
      const drawn = batch.map(({ index }) => identities[index]);
      expect(drawn).toHaveLength(6);
      expect(drawn[0]).toBe(identities[alone[b][0].index]);
      expect(new Set(drawn).size).toBe(3);
      for (let k = 0; k < 6; k += 2) expect(drawn[k]).toBe(drawn[k + 1]);
      // numbers of their own for an image that comes twice
      expect(new Set(batch.map(({ pass }) => pass)).size).toBe(6);
    }
    expect(sampleOrder(images, 0, order)).toEqual(batches);
    expect(sampleOrder(images, 1, order)).not.toEqual(batches);
  });

  it('reaches all images, and needs as many identities', () => {
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 20; epoch++)
      for (const batch of sampleOrder(images, epoch, order)) for (const { index } of batch) seen.add(index);
    expect(seen.size).toBe(8);
    expect(() => tripletOrder([], { ...triplets, numIds: 5 }, 0)).toThrow(/at least 5 identities.*has 4/);
  });
});
