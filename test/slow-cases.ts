// Cases of a table that only `npm run test:slow` has: others of the table show the same in a fraction of the time.

/** @example test.each([...quick, ...slowCases(['ssd300_coco'])]) */
export const slowCases = <T>(cases: readonly T[]): readonly T[] => (process.env.DETLAB_SLOW ? cases : []);
