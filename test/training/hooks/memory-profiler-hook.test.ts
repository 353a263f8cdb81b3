import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { registry } from '../registry';
import { trainTiny } from '../tiny-run';

beforeAll(async () => void (await startEngine()));

test('a line every interval iterations and after each evaluation, with sizes that are possible', async () => {
  const lines: string[] = [];
  const hook = registry.build('hook', { type: 'MemoryProfilerHook', interval: 2 }, { path: 'custom_hooks.0' });
  const evaluate = async () => ({ AP: 0.1 });
  await trainTiny({ epochs: 1, hooks: [hook], evaluate, log: (line) => void lines.push(line) });
  const found = lines.filter((line) => line.startsWith('Memory information  '));
  expect(found).toHaveLength(2 + 1);
  const size = (name: string) => Number(new RegExp(`${name}: (\\d+) MB`).exec(found[0])?.[1]);
  expect(size('current_process_memory')).toBeGreaterThan(10);
  expect(size('current_process_memory')).toBeLessThan(size('used_memory') + size('available_memory'));
  expect(Number(/memory_utilization: ([\d.]+) %/.exec(found[0])?.[1])).toBeLessThanOrEqual(100);
  expect(found[0]).toMatch(/ {2}tensors: \d+ MB \(at most \d+ MB\)$/);
});
