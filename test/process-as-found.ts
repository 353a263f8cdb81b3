// What a file of tests changed in its process, which the next file shares, is put back.

import { afterAll, vi } from 'vitest';

const cwd = process.cwd();
const { exitCode } = process;

afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  process.exitCode = exitCode;
  if (process.cwd() !== cwd) process.chdir(cwd);
});
