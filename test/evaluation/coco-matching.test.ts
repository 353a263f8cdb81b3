// Matching of all thresholds at once, against pycocotools' loop over one threshold after the other.

import { expect, it } from 'vitest';
import { AREA_RANGES, ClassMatcher } from '../../src/evaluation/coco-matching';
import type { ImageOverlaps } from '../../src/evaluation/image-overlaps';
import type { ImageTruths } from '../../src/evaluation/image-truths';
import { Random } from '../../src/random';

const THRESHOLDS = [0.3, 0.5, 0.55, 0.75, 1];

/** evaluateImg of pycocotools for one range and threshold: the object of each detection, or -1. */
function reference(overlaps: number[][], crowd: Uint8Array, ignored: boolean[], threshold: number): number[] {
  const order = [...ignored.keys()].sort((a, b) => Number(ignored[a]) - Number(ignored[b]) || a - b);
  const taken = new Set<number>();
  return overlaps.map((row) => {
    let [best, match] = [Math.min(threshold, 1 - 1e-10), -1];
    for (const g of order) {
      if (taken.has(g) && crowd[g] === 0) continue;
      if (match >= 0 && !ignored[match] && ignored[g]) break;
      if (row[g] < best) continue;
      [best, match] = [row[g], g];
    }
    if (match >= 0) taken.add(match);
    return match;
  });
}

it('matches as one threshold after the other', () => {
  const random = Random.seeded(5);
  const ranges = AREA_RANGES.length;
  for (let round = 0; round < 200; round++) {
    const [n, m] = [random.integer(9), random.integer(6)];
    // equal overlaps and overlaps at a threshold are frequent
    const overlaps = Array.from({ length: n }, () => Array.from({ length: m }, () => random.integer(21) / 20));
    const areas = Float64Array.from({ length: m }, () => random.uniform(0, 20000));
    const crowd = Uint8Array.from({ length: m }, () => (random.uniform() < 0.2 ? 1 : 0));
    const found = Float64Array.from({ length: n }, () => random.uniform(0, 20000));
    const source: ImageOverlaps = { load() {}, area: (d) => found[d], overlap: (d, g) => overlaps[d][g] };
    const matcher = new ClassMatcher({ thresholds: THRESHOLDS });
    const out = {
      matched: new Uint32Array(n * ranges),
      ignored: new Uint32Array(n * ranges),
      truthOf: new Int32Array(n),
    };
    matcher.begin(
      Int32Array.from({ length: m }, (_, g) => g),
      { areas, ignored: crowd } as unknown as ImageTruths,
    );
    for (let d = 0; d < n; d++) matcher.match(d, source, out, d);
    for (const [r, [low, high]] of AREA_RANGES.entries()) {
      const isIgnored = [...areas].map((area, g) => crowd[g] === 1 || area < low || area > high);
      expect(matcher.positives[r]).toBe(isIgnored.filter((one) => !one).length);
      for (const [t, threshold] of THRESHOLDS.entries()) {
        const expected = reference(overlaps, crowd, isIgnored, threshold);
        if (r === 0 && t === 0) expect([...out.truthOf]).toEqual(expected);
        for (const [d, g] of expected.entries()) {
          expect((out.matched[d * ranges + r] >>> t) & 1).toBe(g >= 0 ? 1 : 0);
          const outside = g >= 0 ? isIgnored[g] : found[d] < low || found[d] > high;
          expect((out.ignored[d * ranges + r] >>> t) & 1).toBe(outside ? 1 : 0);
        }
      }
    }
  }
});
