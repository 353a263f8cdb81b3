import { expect, test } from 'vitest';
import { Random } from '../src/random';

test('near seeds give unrelated streams, uniform from their first draw', () => {
  const first = Array.from({ length: 2000 }, (_, seed) => Random.seeded(seed).uniform());
  expect(new Set(first).size).toBe(2000);
  const mean = first.reduce((a, b) => a + b) / first.length;
  const variance = first.reduce((a, b) => a + (b - mean) ** 2, 0) / first.length;
  expect(mean).toBeCloseTo(0.5, 1);
  expect(variance).toBeCloseTo(1 / 12, 2);
  const lag = first.slice(1).reduce((sum, x, i) => sum + (x - mean) * (first[i] - mean), 0) / first.length;
  expect(Math.abs(lag)).toBeLessThan(0.01);
});

test('a state taken is gone back to, and normal deviates have their moments', () => {
  const random = Random.seeded(3);
  random.normal();
  const state = random.state();
  const drawn = [random.uint32(), random.normal(), random.integer(10)];
  random.restore(state);
  expect([random.uint32(), random.normal(), random.integer(10)]).toEqual(drawn);
  const deviates = Array.from({ length: 20_000 }, () => random.normal(1, 2));
  const mean = deviates.reduce((a, b) => a + b) / deviates.length;
  expect(mean).toBeCloseTo(1, 1);
  expect(Math.sqrt(deviates.reduce((a, b) => a + (b - mean) ** 2, 0) / deviates.length)).toBeCloseTo(2, 1);
  expect([...random.permutation(50)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
