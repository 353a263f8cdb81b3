// The processes that a process has started, as Linux lists them.

import { readdirSync, readFileSync } from 'node:fs';

export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [state, ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
        return Number(ppid) === parent && state !== 'Z';
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}
