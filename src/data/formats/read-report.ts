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
   * @param what `points and lines, which are not used`, of which the number follows
   */
  count(what: string, example: string): void {
    const known = this.counts.get(what);
    if (known) known.number++;
    else this.counts.set(what, { number: 1, first: example });
  }

  /** Takes over what another report of the same data set has. */
  add({ problems, notices, counts }: ReadReport): void {
    for (const problem of problems) this.problems.push(problem);
    for (const notice of notices) if (!this.notices.includes(notice)) this.notices.push(notice);
    for (const [what, { number, first }] of counts) {
      const known = this.counts.get(what);
      if (known) known.number += number;
      else this.counts.set(what, { number, first });
    }
  }

  noteCounts(): void {
    for (const [what, { number, first }] of this.counts)
      this.notice(`${what}: ${number.toLocaleString('en')}, such as ${first}`);
    this.counts.clear();
  }

  /** Paths from the folder on: a shared notebook shows no others. */
  private short(text: string): string {
    return text.replaceAll(this.root + path.sep, '');
  }
}

/** `a.txt#3` of `Line 3 of "labels/a.txt"`, `a.jpg#box 2` of `<box> 2 of image "a.jpg" in "cvat.xml"`. */
export function placeId(file: string, place: string): string {
  const [, tag, number, of] = /^(\S+) (\S+) of (?:image )?(?:"([^"]+)")?/.exec(place) ?? [];
  if (number === undefined) return path.basename(file);
  const shape = tag.startsWith('<') ? `${tag.slice(1, -1)} ` : '';
  return `${path.basename(of ?? file)}#${shape}${number}`;
}
