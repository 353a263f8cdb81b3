// What ends a run of several processes ends it for all of them, in bounded time and with the name of the rank.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Case, endsOf } from './started';

const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What rank 1 does, and how both ranks end. */
const CASES: [of: Case, first: RegExp, second: RegExp][] = [
  [{}, /^done$/, /^done$/],
  [
    { nan: 3 },
    /^Cannot continue training: rank 1: loss_bbox is NaN at epoch 1, iteration 3/,
    /rank 1: loss_bbox is NaN/,
  ],
  [{ throws: 2 }, /^Cannot continue training: rank 1 failed: this rank has had enough/, /^this rank has had enough$/],
  [{ seed: 8 }, /seed is 7 on rank 0, 8 on rank 1/, /seed is 7 on rank 0, 8 on rank 1/],
  [{ unfrozen: true }, /head.unused is .* frozen on rank 0, .* trained on rank 1/, /head.unused/],
  [{ dies: 2 }, /rank 1 has ended without a word/, /^$/],
];

test('NaN, an error, another seed, another frozen part or kill -9 of one of two ranks', async () => {
  const ends = await endsOf(
    CASES.map(([of]) => of),
    folder,
  );
  for (const [i, [, first, second]] of CASES.entries()) {
    expect(ends[i][0]).toMatch(first);
    expect(ends[i][1]).toMatch(second);
  }
});
