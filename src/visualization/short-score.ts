// A score in a sentence: at most three decimals.

/** @example shortScore(0.6311420202255249) // '0.631' */
export const shortScore = (score: number): string => String(Number(score.toFixed(3)));
