// What is reported while a COCO file is read.

import path from 'node:path';
import type { DataProblem } from '../../types';

/** Collects the problems and notices of one annotation file. */
export class CocoReport {
  readonly problems: DataProblem[] = [];
  readonly notices: string[] = [];

  constructor(readonly file: string) {}

  /** @param what follows the name of the file, `train.json: ...` */
  notice(what: string): void {
    this.notices.push(`${path.basename(this.file)}: ${what}`);
  }

  /** @param what completes `Annotation 7 in "train.json" ...` */
  annotation(
    kind: DataProblem['kind'],
    id: number | string | undefined,
    what: string,
    lost?: DataProblem['lost'],
  ): void {
    this.entry(kind, 'Annotation', id, what, lost);
  }

  /** @param what completes `Category 7 in "train.json" ...` */
  entry(kind: DataProblem['kind'], entry: string, id: unknown, what: string, lost?: DataProblem['lost']): void {
    const known = typeof id === 'number' || typeof id === 'string' ? id : undefined;
    const message = `${entry} ${known ?? '(no id)'} in "${this.file}" ${what}`;
    this.problems.push({ kind, file: this.file, id: known, message, ...(lost && { lost }) });
  }
}
