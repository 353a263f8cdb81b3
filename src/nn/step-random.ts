// The random stream of layers in training (dropout, stochastic depth, DropBlock). `forward` has no random argument; the
// training loop sets its stream for the duration of a step, so that a resumed run draws the same numbers.

import { Random } from '../random';

let current: Random | undefined;
let fallback: Random | undefined;

/** Runs `f` with `random` as the stream of all layers. */
export function withStepRandom<T>(random: Random, f: () => T): T {
  const before = current;
  current = random;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** The stream of the current step; outside of a training loop a fixed one. */
export function stepRandom(): Random {
  if (current) return current;
  fallback ??= Random.seeded(0);
  return fallback;
}
