// Cases of a table that only `npm run test:slow` has: others of the table show the same in a fraction of the time.

import { test } from 'vitest';

const isSlow = Boolean(process.env.DETLAB_SLOW);

/** @example test.each([...quick, ...slowCases(['ssd300_coco'])]) */
export const slowCases = <T>(cases: readonly T[]): readonly T[] => (isSlow ? cases : []);

/** Every so many of the cases, and in test:slow all. */
export const sampled = <T>(cases: readonly T[], every: number): readonly T[] =>
  isSlow ? cases : cases.filter((_, i) => i % every === 0);

/** A test that only test:slow has. */
export function slowTest(name: string, run: () => void | Promise<void>): void {
  if (isSlow) test(name, run);
}
