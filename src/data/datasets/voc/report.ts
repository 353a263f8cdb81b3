// What is reported while a VOC folder is read.

import path from 'node:path';
import type { DataProblem } from '../../types';

/** Collects the problems and notices of one split. */
export class VocReport {
  readonly problems: DataProblem[] = [];
  readonly notices: string[] = [];

  constructor(readonly root: string) {}

  /** @param what follows the name of the folder, `bccd: ...` */
  notice(what: string): void {
    // paths from the folder on: a shared notebook shows no others
    this.notices.push(`${path.basename(this.root)}: ${what.replaceAll(this.root + path.sep, '')}`);
  }

  problem(kind: DataProblem['kind'], file: string, id: string, message: string, lost?: DataProblem['lost']): void {
    this.problems.push({ kind, file, id, message, ...(lost && { lost }) });
  }

  /** @param what completes `Object 1 of "a.xml" ...`; objects are numbered from 1 */
  object(
    kind: DataProblem['kind'],
    { file, id, number }: { file: string; id: string; number: number },
    what: string,
    lost?: DataProblem['lost'],
  ): void {
    this.problem(kind, file, `${id}#${number}`, `Object ${number} of "${file}" ${what}`, lost);
  }
}
