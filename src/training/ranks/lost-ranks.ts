// Which rank has ended, and why. The engine reports a closed connection or a time-out without a rank: each that is left writes so
// where the ranks met, and those that have not are lost.

import { setTimeout } from 'node:timers/promises';
import type { ProcessGroup } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';

/** Milliseconds between two looks for what another rank has failed with. */
const LOOK_MS = 250;
/** Milliseconds for which the others may still write. */
const SETTLE_MS = 1500;

const FAILED = 'failed';
const waiting = (rank: number) => `waiting/${rank}`;

/** An exchange has failed by this engine's words, not by the run's. */
const OF_CONNECTION = /closed by peer|timed? ?out|Timed out|connect|gloo|Gloo|NCCL|socket|Broken pipe|reset by peer/i;

export class LostRanks {
  private looked = performance.now();
  private reported = false;

  constructor(private readonly group: ProcessGroup) {}

  /** Ends a wait when another rank has failed, also one that does not close its connections. */
  look(): void {
    const now = performance.now();
    if (now - this.looked < LOOK_MS) return;
    this.looked = now;
    const found = this.failures();
    if (found) throw new DetLabError(`Cannot continue training: ${found}`);
  }

  /** Leaves for the others why this process ends. */
  report(error: unknown): void {
    if (this.reported) return;
    this.reported = true;
    const text = `rank ${this.group.rank} failed: ${error instanceof Error ? error.message : String(error)}`;
    try {
      this.group.leave(FAILED, text);
    } catch {
      // rank 0 has ended, and with it what the ranks leave
    }
  }

  private failures(): string | undefined {
    try {
      return this.group.left(FAILED);
    } catch {
      return undefined;
    }
  }

  async explain(error: unknown): Promise<unknown> {
    const message = (error as Error)?.message ?? String(error);
    if (error instanceof DetLabError || !OF_CONNECTION.test(message)) return error;
    this.reported = true; // the first that failed has said why
    const { group } = this;
    try {
      group.leave(waiting(group.rank), '');
      const until = performance.now() + SETTLE_MS;
      while (performance.now() < until && this.failures() === undefined) await setTimeout(50);
    } catch {
      return new DetLabError(
        `Cannot continue training: rank 0 has ended without a word (killed, or out of memory), and with it the run (${short(message)})`,
      );
    }
    const found = this.failures();
    if (found) return new DetLabError(`Cannot continue training: ${found}`);
    const silent = Array.from({ length: group.size }, (_, rank) => rank).filter((rank) => this.isSilent(rank));
    const who = silent.length > 0 ? `rank ${silent.join(', rank ')}` : 'another rank';
    const what = /closed|reset|pipe/i.test(message)
      ? `${who} has ended without a word (killed, or out of memory)`
      : `${who} has not answered for ${group.timeout} seconds (env_cfg.dist_cfg.timeout)`;
    return new DetLabError(`Cannot continue training: ${what} (${short(message)})`);
  }

  private isSilent(rank: number): boolean {
    try {
      return this.group.left(waiting(rank)) === undefined;
    } catch {
      return rank === 0;
    }
  }
}

const short = (message: string): string =>
  message
    .replace(/^Cannot run "\w+" on the torch engine[^:]*: /, '')
    .replace(/\[[^\]]*\.cc?p?p?:\d+\]\s*/g, '')
    .split('\n')[0]
    .slice(0, 160);
