// Processes as Linux lists them: those that a process has started, and whether one runs.

import { readdirSync, readFileSync } from 'node:fs';

/** State and parent; undefined when it has ended, reaped or not. */
function runningParent(pid: number): number | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

export const isRunning = (pid: number): boolean => runningParent(pid) !== undefined;

export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => runningParent(pid) === parent);
