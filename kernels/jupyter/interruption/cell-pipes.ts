// Pipes of a cell for the output of its child processes, so that the output belongs to that cell however late it comes.

import { closeSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { openOutputPipes } from '../launch/named-pipes';
import { type Cell, cells } from '../session/cell';
import type { OutputChannel } from '../session/output-channel';

/** The write ends are kept for children that follow soon; after that, the end of the last child ends the pipe. */
const KEPT_MS = 1000;

type StdioEntry = string | number | object | null | undefined;
export type Stdio = StdioEntry | StdioEntry[];

interface Writers {
  stdout: number;
  stderr: number;
}

export class CellPipes {
  private readonly kept = new WeakMap<Cell, { writers: Writers; timer: NodeJS.Timeout }>();

  constructor(private readonly output: OutputChannel) {}

  /** The stdio of a child, with the cell's pipes in place of the process's own stdout and stderr. */
  redirect(stdio: Stdio, cell: Cell): Stdio {
    const entries =
      stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : Array.isArray(stdio) ? [...stdio] : undefined;
    if (!entries) return stdio;
    const targets = entries.map(inheritedDescriptor);
    if (!targets.some((fd) => fd === 1 || fd === 2)) return stdio;
    const writers = this.writersOf(cell);
    if (!writers) return stdio;
    return entries.map((entry, i) => (targets[i] === 1 ? writers.stdout : targets[i] === 2 ? writers.stderr : entry));
  }

  private writersOf(cell: Cell): Writers | undefined {
    const kept = this.kept.get(cell);
    if (kept) {
      kept.timer.refresh();
      return kept.writers;
    }
    const pipes = openOutputPipes('detlab-cell-');
    if (!pipes) return undefined; // the process's own stdout and stderr remain
    for (const name of ['stdout', 'stderr'] as const) this.output.readPipe?.(pipes[name].read, name, cell.request);
    const writers = { stdout: pipes.stdout.write, stderr: pipes.stderr.write };
    const timer = cells.exit(() =>
      setTimeout(() => {
        this.kept.delete(cell);
        for (const fd of Object.values(writers)) closeSync(fd);
      }, KEPT_MS).unref(),
    );
    this.kept.set(cell, { writers, timer });
    return writers;
  }
}

/** The descriptor of this process that entry `i` of a child's stdio stands for. */
function inheritedDescriptor(entry: StdioEntry, i: number): number | undefined {
  if (entry === 'inherit') return i;
  return typeof entry === 'number' ? entry : (entry as { fd?: number } | null | undefined)?.fd;
}
