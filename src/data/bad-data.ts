// The error that carries a DataProblem: thrown where one image is bad, caught where the run goes on without it.

import { DetLabError } from '../errors';
import type { DataProblem } from './types';

/** One image or annotation that cannot be used, by file and id. */
export class BadData extends DetLabError {
  override name = 'BadData';
  constructor(readonly problem: DataProblem) {
    super(problem.message);
  }
}
