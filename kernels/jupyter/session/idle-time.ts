// For how long a process has only waited: its event loop idle, no thread of it computing, no file read or written.

import { performance } from 'node:perf_hooks';

/** Shares of a span in which the event loop ran, and of a core that all threads used. */
const MAX_LOOP = 0.3;
const MAX_CORE = 0.3;

const isUsingFiles = () => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

export class IdleTime {
  private loop = performance.eventLoopUtilization();
  private usage = process.cpuUsage();
  private measured = performance.now();
  private since = this.measured;

  /** Looks at the span since the last call, which is idle or not; returns the milliseconds of idle spans in a row. */
  measure(): number {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.usage);
    const cores = (user + system) / 1000 / (now - this.measured);
    const { utilization } = performance.eventLoopUtilization(this.loop);
    if (utilization > MAX_LOOP || cores > MAX_CORE || isUsingFiles()) this.since = now;
    this.loop = performance.eventLoopUtilization();
    this.usage = process.cpuUsage();
    this.measured = now;
    return now - this.since;
  }
}
