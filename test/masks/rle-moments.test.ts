import { expect, test } from 'vitest';
import { encodeRle, rleMoments } from '../../src/masks';
import { Random } from '../../src/random';

test('area and sums of the coordinates, also of runs over several columns', () => {
  const random = Random.seeded(1);
  for (const share of [0, 0.1, 0.9, 1]) {
    const bits = Uint8Array.from({ length: 7 * 5 }, () => (random.uniform() < share ? 1 : 0));
    const expected = { area: 0, sumX: 0, sumY: 0 };
    for (const [p, bit] of bits.entries()) {
      expected.area += bit;
      expected.sumX += bit * (p % 5);
      expected.sumY += bit * Math.floor(p / 5);
    }
    expect(rleMoments(encodeRle(bits, 7, 5))).toEqual(expected);
  }
});
