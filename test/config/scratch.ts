// A folder of config files for one test, gone when the test ends.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** Writes `files` (values that are no text as JSON) and returns the folder. */
export function scratch(files: Record<string, unknown>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** What `act` complains about. */
export function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if ((error as Error).name === 'DetLabError') return (error as Error).message;
    throw error;
  }
  throw new Error('expected a DetLabError');
}
