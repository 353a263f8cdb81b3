// The error that carries a DataProblem: thrown for one bad image or annotation, caught where the run skips it.

import { DetLabError } from '../errors';
import type { DataProblem } from './types';

/** An image or annotation that cannot be used, by file and id. */
export class BadData extends DetLabError {
  override name = 'BadData';
  constructor(readonly problem: DataProblem) {
    super(problem.message);
  }
}
