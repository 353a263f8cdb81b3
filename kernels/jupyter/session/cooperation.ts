// What work that has read a cell's abort signal does with it: how often it looks (`signal.aborted`), which is how long its
// steps take, and whether the cell's code goes on after Stop without the work making progress.

/** Steps in a row whose longest counts: an evaluation or a checkpoint in between is an exception. */
const STEPS = 8;
/** After Stop a look is progress; work that looks more often than that polls and ignores what it sees. */
const MAX_LOOKS = 100;

/** How long the user's own code may go on after Stop when the work's steps take so long. */
export const userPatience = (stepMs: number) => Math.min(30_000, Math.max(2000, 2 * stepMs));
/** How long a library may. */
export const workPatience = (stepMs: number) => Math.max(30_000, 2 * stepMs);

export class Cooperation {
  private readonly steps: number[] = [];
  private lastLook = performance.now();
  private looksAfterStop = 0;
  /** When code of the cell first went on after an await, since the work's last progress. */
  private resumed: { at: number; looks: number } | undefined;

  /** @param onStep called with the milliseconds of the longest of the last steps */
  constructor(
    signal: AbortSignal,
    private readonly onStep: (ms: number) => void,
  ) {
    const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!;
    Object.defineProperty(signal, 'aborted', {
      get: () => {
        const aborted = get!.call(signal) as boolean;
        if (aborted) this.looksAfterStop++;
        else this.look();
        return aborted;
      },
    });
  }

  /** Another piece of work begins: what came before was no step of it. */
  begin(): void {
    this.lastLook = performance.now();
  }

  /** Whether the cell's code, which goes on after an await, has done so for too long since Stop. */
  isOverdue(): boolean {
    const now = performance.now();
    const looks = Math.min(this.looksAfterStop, MAX_LOOKS);
    if (this.resumed?.looks !== looks) this.resumed = { at: now, looks };
    return now - this.resumed.at > userPatience(this.stepMs);
  }

  /** The longest of the last steps, in milliseconds; 0 when the work has not looked yet. */
  get stepMs(): number {
    return Math.max(0, ...this.steps);
  }

  private look(): void {
    const now = performance.now();
    this.steps.push(now - this.lastLook);
    if (this.steps.length > STEPS) this.steps.shift();
    this.lastLook = now;
    this.onStep(this.stepMs);
  }
}
