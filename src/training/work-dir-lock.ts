// One run a folder: a second one would move the first one's checkpoints aside. The lock names the process that holds it; a
// lock whose process is gone is taken over.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../errors';

const held = new Set<string>();

/**
 * Takes the folder; the function returned gives it back.
 * @throws DetLabError naming the process that trains there
 */
export function lockWorkDir(workDir: string): () => void {
  const file = path.join(path.resolve(workDir), '.training');
  let holder: number | undefined;
  try {
    holder = Number(readFileSync(file, 'utf8'));
  } catch {
    // nobody
  }
  if (held.has(file) || (holder !== undefined && holder !== process.pid && isAlive(holder)))
    throw new DetLabError(
      `Cannot train in "${workDir}": process ${holder} is training there. Wait for it, or choose another workDir`,
    );
  writeFileSync(file, String(process.pid));
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
