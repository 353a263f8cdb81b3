// How parameters start, by the statistics that the reference gives of them.

import { expect } from 'vitest';
import type { Module } from '../src/nn';
import { Random } from '../src/random';

export type Start = [mean: number, std: number, largest: number];

/** Initialises the module and compares every parameter that `expected` names, as far as its size allows. */
export function expectStartingValues(module: Module, expected: Record<string, Start>): void {
  module.initWeights(Random.seeded(1));
  const state = module.stateDict();
  expect(Object.keys(expected).filter((key) => !state.has(key))).toEqual([]);
  for (const [key, start] of Object.entries(expected)) expectAlike(key, state.get(key)!.data as Float32Array, start);
}

/** The same distribution, as far as that many values tell. */
export function expectAlike(key: string, values: Float32Array, [mean0, std0, largest0]: Start): void {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const noise = 5 / Math.sqrt(values.length);
  expect(Math.abs(mean - mean0), `${key} mean ${mean}, reference ${mean0}`).toBeLessThanOrEqual(
    2 * noise * std0 + 1e-4 * Math.abs(mean0),
  );
  if (std0 === 0) expect([...new Set(values)], `${key} is constant`).toHaveLength(1);
  else if (values.length > 30) {
    // mmengine's truncated normal gives its lower bound, -2, about once in 2^24 values (erfinv of -1): not counted
    const outlier = largest0 > 50 * std0 ? largest0 : 0;
    const usual = Math.sqrt(std0 ** 2 - outlier ** 2 / values.length);
    expect(Math.abs(std / usual - 1), `${key} deviation ${std}, reference ${usual}`).toBeLessThanOrEqual(noise);
  }
  // a uniform distribution ends at 1.73 deviations, a normal one goes on
  if (std0 > 0 && values.length > 300) expect(largest / std > 1.95, `${key} kind`).toBe(largest0 / std0 > 1.95);
}
