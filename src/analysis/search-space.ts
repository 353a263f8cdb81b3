// A space of options to search: all combinations, random ones, and the rungs of successive halving (Jamieson and Talwalkar,
// AISTATS 2016).

import type { Random } from '../random';

/** Numbers between two bounds; `log`: each power of ten is as likely as any other. */
export interface SearchRange {
  min: number;
  max: number;
  scale?: 'linear' | 'log';
  /** Whole numbers alone. */
  integer?: boolean;
}

/** Choices by name of the option. */
export type SearchSpace = Readonly<Record<string, readonly unknown[] | SearchRange>>;
/** One value for each option. */
export type Candidate = Readonly<Record<string, unknown>>;

const isList = (choices: readonly unknown[] | SearchRange): choices is readonly unknown[] => Array.isArray(choices);

/** How many combinations there are; Infinity with a range. */
export const combinations = (space: SearchSpace): number =>
  Object.values(space).reduce(
    (product, choices) => product * (isList(choices) ? choices.length : Number.POSITIVE_INFINITY),
    1,
  );

/** All combinations of lists, the last option changing fastest. */
export function gridOf(space: SearchSpace): Candidate[] {
  return Object.entries(space).reduce<Candidate[]>(
    (grid, [name, choices]) =>
      grid.flatMap((one) => (isList(choices) ? choices.map((value) => ({ ...one, [name]: value })) : [])),
    [{}],
  );
}

/** Different random candidates; fewer where there are not so many. */
export function drawn(space: SearchSpace, count: number, random: Random): Candidate[] {
  const all = combinations(space);
  if (all <= count) return gridOf(space);
  const found = new Map<string, Candidate>();
  while (found.size < count) {
    const candidate = Object.fromEntries(
      Object.entries(space).map(([name, choices]) => [name, drawValue(choices, random)]),
    );
    found.set(JSON.stringify(candidate), candidate);
  }
  return [...found.values()];
}

function drawValue(choices: readonly unknown[] | SearchRange, random: Random): unknown {
  if (isList(choices)) return choices[random.integer(choices.length)];
  const { min, max, scale = 'linear', integer = false } = choices;
  // each whole number has as wide a part of a linear range as any other
  const [low, high] = integer && scale === 'linear' ? [min - 0.5, max + 0.5] : [min, max];
  const value = scale === 'log' ? low * (high / low) ** random.uniform() : random.uniform(low, high);
  return integer ? Math.min(max, Math.max(min, Math.round(value))) : Number(value.toPrecision(3));
}

/** Candidates that train up to so many epochs. */
export interface Rung {
  candidates: number;
  epochs: number;
}

/**
 * Successive halving: all train for a few epochs, a `factor`th of them, the best, goes on to `factor` times as many, until the last ones
 * reach `epochs`.
 */
export function rungsOf(candidates: number, epochs: number, factor: number): Rung[] {
  const steps = Math.max(0, Math.min(Math.floor(logOf(candidates, factor)), Math.floor(logOf(epochs, factor))));
  return Array.from({ length: steps + 1 }, (_, i) => ({
    candidates: Math.max(1, Math.floor(candidates / factor ** i)),
    epochs: Math.max(1, Math.floor(epochs / factor ** (steps - i))),
  }));
}

const logOf = (value: number, base: number): number => Math.log(value) / Math.log(base) + 1e-9;
