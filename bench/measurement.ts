// What one measurement of the benchmark is: a process that prints a JSON line, and how several are put together.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/paths';

export interface Measurement {
  seconds: number[];
  peakMB: number;
  engine?: string;
  version?: string;
}

/** The Python of `.venv`, undefined before the set-up. */
export const venvPython = (): string | undefined => pythonIn(path.join(packageRoot, '.venv'));

export const pythonIn = (venv: string): string | undefined =>
  [path.join(venv, 'bin/python'), path.join(venv, 'Scripts/python.exe')].find(existsSync);

/** Runs a process and reads its last JSON line; what fails is reported on stderr and undefined. */
export function child(command: string, args: string[]): Measurement | undefined {
  const run = spawnSync(command, args, { cwd: packageRoot, encoding: 'utf8', maxBuffer: 1 << 26 });
  const line = run.stdout
    ?.trim()
    .split('\n')
    .reverse()
    .find((text) => text.startsWith('{'));
  if (run.status === 0 && line) return JSON.parse(line) as Measurement;
  const reason = (run.stderr || run.stdout || '').slice(-800).trim();
  const skipped = reason.split('\n').find((text) => text.startsWith('skipped: '));
  console.error(skipped ? `  ${skipped}` : `  failed: ${command} ${args.join(' ')}\n${reason}`);
  return undefined;
}

export const merge = (a: Measurement | undefined, b: Measurement | undefined): Measurement | undefined =>
  a && b ? { ...a, seconds: [...a.seconds, ...b.seconds], peakMB: Math.min(a.peakMB, b.peakMB) } : (a ?? b);

/** The fastest repetition, in seconds. */
export const min = (m: Measurement | undefined): number => (m ? Math.min(...m.seconds) : Number.NaN);
export const ratio = (a: number, b: number): string => (Number.isFinite(a / b) ? (a / b).toFixed(2) : '-');
export const fixed = (x: number): string => (Number.isFinite(x) ? x.toFixed(3) : '-');
