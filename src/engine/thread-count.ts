// How many threads an engine uses on a CPU.

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { EngineOptions } from './engine';

/** Physical cores available to this process: hyper-threads share the units that convolutions use. */
function physicalCores(): number {
  const allowed = availableParallelism();
  const siblings = new Set<string>();
  for (let cpu = 0; ; cpu++) {
    const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
    if (!existsSync(file)) break;
    siblings.add(readFileSync(file, 'utf8').trim());
  }
  return Math.max(1, Math.min(allowed, siblings.size || allowed));
}

/** The threads that were asked for, those of `OMP_NUM_THREADS`, or the physical cores. */
export const threadCount = ({ threads }: EngineOptions): number =>
  threads ?? (Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10) || physicalCores());
