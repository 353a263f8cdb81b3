// The descendants of this process: from /proc on Linux, from `ps` elsewhere.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** Start time, on a scale of the system. */
  started: number;
}

export function listProcesses(): ProcessEntry[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
          // The name, in parentheses, may contain anything.
          const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
          if (fields[0] === 'Z') return []; // ended, not yet waited for
          return [
            { pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), started: Number(fields[19]) },
          ];
        } catch {
          return []; // ended in the meantime
        }
      });
  }
  if (process.platform === 'win32') return [];
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,pgid='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [pid, parent, group] = line.trim().split(/\s+/).map(Number);
    return pid ? [{ pid, parent, group, started: pid }] : [];
  });
}

/**
 * `pid` and its descendants, parents first: a shell that outlives its command would start the next one.
 * Heads of other process groups are left out.
 */
export function processTree(pid: number, list: ProcessEntry[] = listProcesses()): number[] {
  const below = list.filter((entry) => entry.parent === pid && entry.group !== entry.pid);
  return [pid, ...below.flatMap((entry) => processTree(entry.pid, list))];
}

/** The child that was started last. */
export function youngestChild(list: ProcessEntry[] = listProcesses()): number | undefined {
  const children = list.filter((entry) => entry.parent === process.pid);
  return children.sort((a, b) => a.started - b.started || a.pid - b.pid).at(-1)?.pid;
}

/** Processes of this group whose parent has ended. */
export function orphans(list: ProcessEntry[] = listProcesses()): number[] {
  const known = new Set(processTree(process.pid, list));
  return list.filter((entry) => entry.group === process.pid && !known.has(entry.pid)).map((entry) => entry.pid);
}

/** Sends a signal to each process; those that have ended are skipped. */
export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ended in the meantime
    }
  }
}
