// Pairs of near duplicates: all that are near enough by hash and thumbnail, and no others, against a search of all pairs.

import { expect, test } from 'vitest';
import { duplicateGroups, duplicatePairs, type Fingerprint, hammingDistance } from '../../src/analysis/near-duplicates';
import { Random } from '../../src/random';

const flat = (value: number) => new Uint8Array(256).fill(value);
const print = (hash: [number, number], value = 100, digest = `${hash} ${value}`): Fingerprint => ({
  hash,
  digest,
  thumbnail: flat(value),
});

test('the distance counts differing bits', () => {
  expect(hammingDistance([0, 0], [0xffffffff, 0xffffffff])).toBe(64);
  expect(hammingDistance([0x80000000, 1], [0, 0])).toBe(2);
  expect(hammingDistance([5, 7], [5, 7])).toBe(0);
});

test('finds what a search of all pairs finds', () => {
  const random = Random.seeded(4);
  const word = () => (random.integer(65_536) * 65_536 + random.integer(65_536)) >>> 0;
  const prints: Fingerprint[] = [];
  for (let i = 0; i < 60; i++) {
    const hash: [number, number] = [word(), word()];
    prints.push(print(hash, 90));
    // neighbours of every distance, some too far, some of other brightness
    for (let copy = 0; copy < 4; copy++) {
      const near: [number, number] = [...hash];
      for (let flip = random.integer(10); flip > 0; flip--) {
        const bit = random.integer(64);
        near[bit < 32 ? 0 : 1] = (near[bit < 32 ? 0 : 1] ^ (1 << (bit % 32))) >>> 0;
      }
      prints.push(print(near, 90 + random.integer(12)));
    }
  }
  for (const bits of [0, 3, 6, 12]) {
    const expected: [number, number][] = [];
    for (const [i, a] of prints.entries())
      for (const [j, b] of prints.entries())
        if (i < j && hammingDistance(a.hash, b.hash) <= bits && Math.abs(a.thumbnail[0] - b.thumbnail[0]) <= 5)
          expected.push([i, j]);
    expect(expected.length).toBeGreaterThan(10);
    expect(duplicatePairs(prints, { bits, difference: 5 }).map(({ pair }) => pair)).toEqual(expected);
  }
});

test('equal files are exact; images that cannot be read are left out', () => {
  const prints = [
    print([1, 1], 5, 'a'),
    undefined,
    print([1, 1], 5, 'a'),
    print([1, 1], 5, 'b'),
    print([1, 1], 50, 'c'),
  ];
  const pairs = duplicatePairs(prints);
  expect(pairs).toEqual([
    { pair: [0, 2], exact: true, difference: 0 },
    { pair: [0, 3], exact: false, difference: 0 },
    { pair: [2, 3], exact: false, difference: 0 },
  ]);
  expect(duplicateGroups(pairs)).toEqual([[0, 2, 3]]);
});

test('groups are what pairs connect, largest first', () => {
  const pair = (a: number, b: number) => ({ pair: [a, b] as [number, number], exact: true, difference: 0 });
  expect(duplicateGroups([pair(7, 8), pair(1, 5), pair(5, 3), pair(2, 3)])).toEqual([
    [1, 2, 3, 5],
    [7, 8],
  ]);
});
