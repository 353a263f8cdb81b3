// What reading a Python config may cost: every step and every value made is charged, and the bill is bounded, so that
// `9**9**9`, `[0] * 10**9` or six loops inside one another end in an error and not in a hang.

import { LIMITS } from '../data';
import { PythonError } from './values';

/** Steps and values of one config with all its bases. */
const ALLOWANCE = 1_000_000;

let left = ALLOWANCE;
let nested = 0;

/** Runs `work` with an allowance of its own; inside another metered run it shares that one's. */
export function metered<T>(work: () => T): T {
  if (nested === 0) left = ALLOWANCE;
  nested++;
  try {
    return work();
  } finally {
    nested--;
  }
}

/** @throws PythonError when the config has used up its allowance. */
export function spend(units = 1): void {
  left -= units;
  if (left < 0) {
    left = 0;
    throw new PythonError('working the config out takes too many steps. A config is data: write the resulting values');
  }
}

/** Charges for a list, tuple, set or dictionary of `count` values before it is made. */
export function spendItems(count: number): void {
  if (count > LIMITS.nodes)
    throw new PythonError(`this would hold ${count} values, a config holds at most ${LIMITS.nodes}`);
  spend(count);
}

/** Charges for a text of `length` characters before it is made. */
export function spendText(length: number): void {
  if (length > LIMITS.fileBytes)
    throw new PythonError(`this text would have ${length} characters, a config at most ${LIMITS.fileBytes}`);
  spend(1 + length / 16);
}

/** @throws PythonError when values lie inside one another too deeply (a list that holds itself does). */
export function checkDepth(depth: number): void {
  if (depth > LIMITS.nesting) throw new PythonError(`values nest deeper than ${LIMITS.nesting}, or hold themselves`);
  spend();
}
