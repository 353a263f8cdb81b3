// The one error class of the project, and the "did you mean" of every unknown name.

import { distance } from 'fastest-levenshtein';

/** An error for the user: what could not be done, expected, received, next step. */
export class DetLabError extends Error {
  override name = 'DetLabError';
}

/**
 * The candidate nearest to `name` (edit distance, case-insensitive), or undefined when none is near.
 *
 * @example nearest('PAFNP', ['FPN', 'PAFPN']) // 'PAFPN'
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

/** A number in a message: seven digits, so that what a computation adds far behind the point is not shown. */
export const numberText = (value: number): string => String(Number(value.toPrecision(7)));

/** ` Did you mean "PAFPN"?` or an empty string. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === undefined ? '' : ` Did you mean "${near}"?`;
}

/** A value in words: `a list of 3`, `an object`, `the string "five"`; long strings are truncated. */
export function nameOfValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return `the ${typeof value} ${String(value)}`;
  return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)}`;
}

/** Edit distance of a typing error. */
const MAX_TYPO = 2;

/** Whether `name` is `meant` with a typing error, whatever its case. */
export const isTypo = (name: string, meant: string): boolean =>
  meant.length > 2 * MAX_TYPO && distance(name.toLowerCase(), meant.toLowerCase()) <= MAX_TYPO;

/** The same of type names, where a short one or a longer one (`MyVisualizer`) may be the user's. */
export const isTypeTypo = (name: string, meant: string): boolean =>
  name.length > 3 * MAX_TYPO && !name.endsWith(meant) && isTypo(name, meant);

/** [key, meant]: top-level keys that are no known name but nearly one that the config lacks. */
export function nearMisses(config: Record<string, unknown>, known: readonly string[]): [string, string][] {
  const absent = known.filter((name) => !(name in config));
  return Object.entries(config).flatMap(([key, value]): [string, string][] => {
    if (known.includes(key) || typeof value !== 'object' || value === null) return [];
    const meant = absent.find((name) => name.length > 2 * MAX_TYPO && distance(name, key) <= MAX_TYPO);
    return meant ? [[key, meant]] : [];
  });
}
