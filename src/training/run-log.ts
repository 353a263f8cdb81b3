// The log of a run: shown as it comes, and kept in `train.log`, what came before its folder was this run's included.

import { appendFileSync, rmSync } from 'node:fs';

export class RunLog {
  /** What came before the file; undefined once it is open, or where there is none. */
  private waiting: string[] | undefined = [];
  private file?: string;

  constructor(private readonly shown: (line: string) => void = () => {}) {}

  line(text: string): void {
    this.shown(text);
    this.keep(text);
  }

  /** For the file alone: what a person sees elsewhere, or does not need to see. */
  keep(text: string): void {
    if (this.file !== undefined) appendFileSync(this.file, `${text}\n`);
    else this.waiting?.push(text);
  }

  /**
   * @param file undefined: nothing is written
   * @param isNew a run that goes on adds to what there is
   */
  open(file: string | undefined, isNew: boolean): void {
    const before = this.waiting ?? [];
    this.waiting = undefined;
    if (file === undefined) return;
    if (isNew) rmSync(file, { force: true });
    this.file = file;
    for (const text of before) this.keep(text);
  }
}
