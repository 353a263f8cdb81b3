// The random stream that layers draw from while a model trains (dropout, stochastic depth, dropped blocks). Modules have
// no random argument in `forward`; the loop puts its stream here around a step, so a resumed run repeats the same numbers.

import { Random } from '../random';

let current: Random | undefined;
let own: Random | undefined;

/** Runs `f` with `random` as the stream of every layer inside. */
export function withStepRandom<T>(random: Random, f: () => T): T {
  const before = current;
  current = random;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** The stream of the step at hand; outside of a training loop one of its own, the same in every process. */
export function stepRandom(): Random {
  if (current) return current;
  own ??= Random.seeded(0);
  return own;
}
