// Runs the command line for the tests.

import { vi } from 'vitest';
import { main } from '../../src/cli/main';

/** Runs a command in this process; returns its exit code and what it wrote. */
export async function detlab(...args: string[]) {
  const text = { out: '', err: '' };
  const taking = (key: 'out' | 'err') => (chunk: unknown) => {
    text[key] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(taking('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(taking('err')),
    // which vitest leads elsewhere
    vi.spyOn(console, 'error').mockImplementation((line) => void taking('err')(`${line}\n`)),
  ];
  try {
    await main(['node', 'detlab', ...args]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const code = process.exitCode;
  process.exitCode = undefined;
  return {
    code,
    ...text,
    lines: () =>
      text.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}
