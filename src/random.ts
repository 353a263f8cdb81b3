// Seeded random numbers with a state that can be saved: every random choice (initial weights, sampling, shuffling,
// augmentation) draws from one of these, so that a seed makes a run reproducible and a checkpoint can resume it.
// Generator: xoroshiro128+ of pure-rand (32 bits per draw).

import { type RandomGenerator, xoroshiro128plus } from 'pure-rand';

/** A stream of random numbers. Not thread-safe; derive one stream per consumer with `fork`. */
export class Random {
  private constructor(private readonly generator: RandomGenerator) {}

  /** Similar seeds give unrelated streams: the seed is hashed (murmur3's finaliser) and the first draws are discarded. */
  static seeded(seed: number): Random {
    let x = (seed | 0) + 0x9e3779b9;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    const generator = xoroshiro128plus(x ^ (x >>> 16));
    for (let i = 0; i < 16; i++) generator.unsafeNext();
    return new Random(generator);
  }

  static fromState(state: readonly number[]): Random {
    return new Random(xoroshiro128plus.fromState(state));
  }

  /** The generator's state, for a checkpoint. */
  state(): number[] {
    return [...this.generator.getState!()];
  }

  /** Returns to a state taken by `state()`. */
  restore(state: readonly number[]): void {
    (this as unknown as { generator: RandomGenerator }).generator = xoroshiro128plus.fromState(state);
  }

  /** An independent stream; the same `salt` at the same state gives the same stream. */
  fork(salt: number): Random {
    return Random.seeded(Math.imul(this.uint32() ^ salt, 0x9e3779b1));
  }

  /** A stream with the same numbers from here on. */
  fromHere(): Random {
    return Random.fromState(this.state());
  }

  uint32(): number {
    return this.generator.unsafeNext() >>> 0;
  }

  /** Uniform in [low, high), 32 bits of resolution. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 2 ** 32);
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  /** A normal deviate (Box-Muller). */
  normal(mean = 0, std = 1): number {
    const u = 1 - this.uniform();
    return mean + std * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A random permutation of 0 .. n-1 (Fisher-Yates); with `take`, only its first `take` entries. */
  permutation(n: number, take = n): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    const count = Math.min(take, n);
    for (let i = 0; i < count; i++) {
      const j = i + this.integer(n - i);
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order.subarray(0, count);
  }
}
