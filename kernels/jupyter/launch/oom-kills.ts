// How many processes of this control group the system has killed because memory ran out (Linux, cgroup 2); 0 elsewhere.

import { openSync } from 'node:fs';
import { readAvailable } from './named-pipes';

export function oomKills(): number {
  try {
    const events = readAvailable(openSync('/sys/fs/cgroup/memory.events', 'r'));
    return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
