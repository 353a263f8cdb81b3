// The bound on an engine's memory, without an engine: test/engine/torch/backend.test.ts has the torch engine's.

import { expect, it } from 'vitest';
import { limitMemory } from '../../src/engine/memory-limit';

const engine = () => ({ name: 'wasm', device: 'cpu' });

it('applies a limit, and 0 for none', () => {
  const applied: number[] = [];
  const limited = limitMemory(engine(), (bytes) => applied.push(bytes));
  expect(limited.memoryLimit).toBeUndefined();
  limited.memoryLimit = 2 ** 20;
  expect(limited.memoryLimit).toBe(2 ** 20);
  limited.memoryLimit = undefined;
  expect(applied).toEqual([2 ** 20, 0]);
});

it('refuses what is no number of bytes, and keeps the limit before', () => {
  const limited = limitMemory(engine(), () => {});
  limited.memoryLimit = 1000;
  for (const wrong of [0, -5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => {
      limited.memoryLimit = wrong;
    }).toThrow(`Cannot limit the engine's memory to ${wrong}`);
  expect(limited.memoryLimit).toBe(1000);
});

it('refuses any limit where nothing can be given back', () => {
  const limited = limitMemory(engine());
  expect(() => {
    limited.memoryLimit = 2 ** 20;
  }).toThrow('memory of the wasm engine on cpu: expected the torch engine on a CPU');
  expect(limited.memoryLimit).toBeUndefined();
});
