// What ends a run of several processes ends it for all of them, in bounded time and with the name of the rank.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RankArguments } from './rank';

const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
let runs = 0;

/** What each rank says at its end. */
async function run(...given: Partial<RankArguments>[]): Promise<string[]> {
  const file = join(folder, `meeting-${runs++}`);
  const require = join(__dirname, '../../typescript-require.cjs');
  const rank = (own: Partial<RankArguments>, i: number) =>
    new Promise<string>((resolve) => {
      const text = JSON.stringify({ rank: i, size: given.length, file, ...own });
      const child = execFile(process.execPath, ['-r', require, join(__dirname, 'rank.ts'), text], (_, out, errors) =>
        resolve(`${out}${errors}`.trim()),
      );
      const limit = setTimeout(() => child.kill('SIGKILL'), 40_000);
      child.once('exit', () => clearTimeout(limit));
      if (own.hangs !== undefined) setTimeout(() => child.kill('SIGKILL'), 12_000);
    });
  return Promise.all(given.map(rank));
}

test.each([
  ['nothing', {}, /^done$/, /^done$/],
  [
    'a loss that is not finite',
    { nan: 3 },
    /rank 1: loss_bbox is NaN at epoch 1, iteration 3/,
    /rank 1: loss_bbox is NaN/,
  ],
  ['an error', { throws: 2 }, /rank 1 failed: this rank has had enough/, /^this rank has had enough$/],
  ['kill -9', { dies: 2 }, /rank 1 has ended without a word/, /^$/],
  ['another seed', { seed: 8 }, /seed is 7 on rank 0, 8 on rank 1/, /seed is 7 on rank 0, 8 on rank 1/],
  [
    'another frozen part',
    { unfrozen: true },
    /head.unused is .* frozen on rank 0, .* trained on rank 1/,
    /head.unused/,
  ],
  ['no answer', { hangs: 2 }, /rank 1 has not answered for 3 seconds/, /^$/],
] as const)('%s of one of two ranks', async (_, other, ofFirst, ofOther) => {
  const timeout = 'hangs' in other ? 3 : undefined;
  const [first, second] = await run({ timeout }, { timeout, ...other });
  expect(first).toMatch(ofFirst);
  expect(second).toMatch(ofOther);
});
