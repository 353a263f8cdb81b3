// The budget of evaluating a Python config: every step and every value created is charged against a limit, so that
// `9**9**9`, `[0] * 10**9` or six nested loops cause an error instead of a hang.

import { LIMITS } from '../data';
import { PythonError } from './values';

/** Limit of steps and values of one config with all its bases. */
const MAX_STEPS = 1_000_000;

let left = MAX_STEPS;
let nested = 0;

/** Runs `work` with a new budget, or the enclosing one if nested. */
export function withBudget<T>(work: () => T): T {
  if (nested === 0) left = MAX_STEPS;
  nested++;
  try {
    return work();
  } finally {
    nested--;
  }
}

/** @throws PythonError when the budget is exhausted. */
export function charge(units = 1): void {
  left -= units;
  if (left < 0) {
    left = 0;
    throw new PythonError('evaluation takes too many steps. A config is data: write the resulting values');
  }
}

/** Charges for a list, tuple, set or dictionary of `count` values before it is created. */
export function chargeItems(count: number): void {
  if (count > LIMITS.nodes)
    throw new PythonError(`expected at most ${LIMITS.nodes} values in a config, this would create ${count}`);
  charge(count);
}

/** Charges for a string of `length` characters before it is created. */
export function chargeText(length: number): void {
  if (length > LIMITS.fileBytes)
    throw new PythonError(`expected at most ${LIMITS.fileBytes} characters in a string, this would create ${length}`);
  charge(1 + length / 16);
}

/** @throws PythonError when values are nested too deeply (as a list that contains itself). */
export function checkDepth(depth: number): void {
  if (depth > LIMITS.nesting) throw new PythonError(`values nest deeper than ${LIMITS.nesting}, or contain themselves`);
  charge();
}
