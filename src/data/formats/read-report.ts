// What is reported while a data set is read: problems by file and place, and what is guessed or worth knowing.

import path from 'node:path';
import type { DataProblem } from '../types';

export class ReadReport {
  readonly problems: DataProblem[] = [];
  readonly notices: string[] = [];
  private readonly counts = new Map<string, { number: number; first: string }>();

  /** @param root the folder or the file that was opened */
  constructor(readonly root: string) {}

  /** @param what follows the name of what was opened, `cells: ...` */
  notice(what: string): void {
    const line = `${path.basename(this.root)}: ${this.short(what)}`;
    if (!this.notices.includes(line)) this.notices.push(line);
  }

  /** @param what completes the place, `Line 3 of "a.txt" ...` */
  problem(
    kind: DataProblem['kind'],
    file: string,
    place: string,
    what: string,
    lost?: DataProblem['lost'],
    id: number | string = placeId(file, place),
  ): void {
    this.problems.push({ kind, file, id, message: `${place} ${what}`, ...(lost && { lost }) });
  }

  /**
   * Counts something of which one line in all is said, when `noteCounts` is called.
   * @param what `# points are no regions`, with # for the number
   */
  count(what: string, example: string): void {
    const known = this.counts.get(what);
    if (known) known.number++;
    else this.counts.set(what, { number: 1, first: example });
  }

  noteCounts(): void {
    for (const [what, { number, first }] of this.counts)
      this.notice(`${what.replace('#', number.toLocaleString('en'))}, such as ${first}`);
    this.counts.clear();
  }

  /** Paths from the folder on: a shared notebook shows no others. */
  private short(text: string): string {
    return text.replaceAll(this.root + path.sep, '');
  }
}

/** `a.txt#3` of `Line 3 of "labels/a.txt"`. */
export function placeId(file: string, place: string): string {
  const number = /^\w+ (\S+) /.exec(place)?.[1];
  return number === undefined ? path.basename(file) : `${path.basename(file)}#${number}`;
}
