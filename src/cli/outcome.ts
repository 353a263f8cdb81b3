// Exit codes and output of commands: results on stdout (as JSON lines with --json), progress and errors on stderr.

/** Exit codes, listed by `detlab --help`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, data: 3, interrupted: 130 } as const;

/** An error with its exit code. */
export class CommandFailure extends Error {
  constructor(
    readonly code: number,
    readonly reason: unknown,
  ) {
    super(reason instanceof Error ? reason.message : String(reason));
  }
}

/** Runs one phase of a command; an error in it ends the command with `code`. */
export async function phase<T>(code: number, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CommandFailure ? error : new CommandFailure(code, error);
  }
}

export interface Output {
  readonly json: boolean;
  /** Writes a JSON line with --json. */
  event(event: string, fields: Record<string, unknown>): void;
  /** Writes text without --json. */
  print(text: string): void;
}

export function output(json: boolean): Output {
  return {
    json,
    event(event, fields) {
      if (json) process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
    },
    print(text) {
      if (!json) process.stdout.write(`${text}\n`);
    },
  };
}

/**
 * The first Ctrl-C (or SIGTERM) aborts the signal, the second ends the process immediately.
 * @param speaks whether this process says so, of several that all get it
 */
export function interruptions(speaks = true): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    if (speaks) process.stderr.write('\nstopping after this iteration; Ctrl-C again stops at once\n');
    controller.abort();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}

/** The exit code of `work`, which gets the signal of Ctrl-C; that of an interruption when it ends by an error after one. */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const { signal, release } = interruptions();
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    release();
  }
}
