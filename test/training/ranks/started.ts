// Ranks of the tests in processes of their own, which make the same runs one after the other.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { RankArguments } from './rank';

export type Case = Partial<RankArguments>;

/** Milliseconds after which a rank that hangs is ended. */
const LIMIT = 12_000;

let count = 0;

/**
 * The last lines of two ranks for each run.
 * @param cases of rank 1; rank 0 has only what concerns both, the time-out
 * @param folder where they meet
 */
export async function endsOf(cases: readonly Case[], folder: string): Promise<[first: string, second: string][]> {
  const files = cases.map(() => join(folder, `meeting-${process.pid}-${count++}`));
  const rank = (number: number) =>
    new Promise<string[]>((resolve) => {
      const runs = cases.map(({ timeout, ...own }, i) =>
        JSON.stringify({ rank: number, size: 2, file: files[i], timeout, ...(number === 1 && own) }),
      );
      const loader = join(__dirname, '../../typescript-require.cjs');
      const child = execFile(process.execPath, ['-r', loader, join(__dirname, 'rank.ts'), ...runs], (_, out) =>
        resolve(out.trim().split('\n')),
      );
      if (number === 1 && cases.some(({ hangs }) => hangs)) setTimeout(() => child.kill('SIGKILL'), LIMIT);
    });
  const [first, second] = await Promise.all([rank(0), rank(1)]);
  return cases.map((_, i) => [first[i] ?? '', second[i] ?? '']);
}
