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

/** The first and the last whole number of a range. */
const wholeEnds = ({ min, max }: SearchRange): [number, number] => [Math.ceil(min), Math.floor(max)];

/** How many values there are; Infinity of a range of fractions. */
export function countOf(choices: readonly unknown[] | SearchRange): number {
  if (isList(choices)) return choices.length;
  if (!choices.integer) return Number.POSITIVE_INFINITY;
  const [low, high] = wholeEnds(choices);
  return Math.max(0, high - low + 1);
}

/** How many combinations there are; Infinity with a range of fractions. */
export const combinations = (space: SearchSpace): number =>
  Object.values(space).reduce<number>((product, choices) => product * countOf(choices), 1);

/** All combinations of lists and whole numbers, the last option changing fastest. */
export function gridOf(space: SearchSpace): Candidate[] {
  return Object.entries(space).reduce<Candidate[]>(
    (grid, [name, choices]) => {
      const values = valuesOf(choices);
      return grid.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
    },
    [{}],
  );
}

function valuesOf(choices: readonly unknown[] | SearchRange): readonly unknown[] {
  if (isList(choices)) return choices;
  const [low] = wholeEnds(choices);
  return choices.integer ? Array.from({ length: countOf(choices) }, (_, i) => low + i) : [];
}

/** Draws for each candidate, after which there are taken to be no more. */
const TRIES = 200;

/** Different random candidates; fewer where there are not so many, or further ones are all too rare. */
export function drawn(space: SearchSpace, count: number, random: Random): Candidate[] {
  const all = combinations(space);
  if (all <= count) return gridOf(space);
  const found = new Map<string, Candidate>();
  for (let tries = 0; found.size < count && tries < TRIES * count; tries++) {
    const candidate = Object.fromEntries(
      Object.entries(space).map(([name, choices]) => [name, drawValue(choices, random)]),
    );
    found.set(JSON.stringify(candidate), candidate);
  }
  return [...found.values()];
}

function drawValue(choices: readonly unknown[] | SearchRange, random: Random): unknown {
  if (isList(choices)) return choices[random.integer(choices.length)];
  const { scale = 'linear', integer = false } = choices;
  const [min, max] = integer ? wholeEnds(choices) : [choices.min, choices.max];
  // each whole number has as wide a part of a linear range as any other
  const [low, high] = integer && scale === 'linear' ? [min - 0.5, max + 0.5] : [min, max];
  const value = scale === 'log' ? low * (high / low) ** random.uniform() : random.uniform(low, high);
  const rounded = integer ? Math.round(value) : Number(value.toPrecision(digitsOf(min, max)));
  return Math.min(max, Math.max(min, rounded));
}

/** Three digits, and as many more as both ends of a narrow range have in common. */
function digitsOf(min: number, max: number): number {
  const common = Math.log10(Math.max(Math.abs(min), Math.abs(max)) / (max - min));
  return Math.min(17, 3 + Math.max(0, Math.round(common)));
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
