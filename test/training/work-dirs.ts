// Folders for the runs of one test file, removed at its end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A function that gives another path at each call. */
export function workDirs(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'detlab-training-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  return () => join(folder, `run-${count++}`);
}
