// Checks the sections of a config that a run uses before anything is built, so that all problems are reported at once.

import { findConfigProblems } from '../catalogue/check-config';
import { problemsText } from '../catalogue/check-model';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';

/** Sections whose problems stop a run. The dataset is passed to `fit`; the plan reports hooks that are not implemented. */
const USED = [/^model\b/, /^optim_wrapper\b/, /^param_scheduler\b/, /^(train|test)_dataloader(\.dataset)+\.pipeline\b/];

/** @throws DetLabError listing every problem of these sections */
export function checkRun(config: ConfigObject): void {
  const problems = findConfigProblems(config, catalogue).filter(({ path }) => USED.some((part) => part.test(path)));
  if (problems.length > 0) throw new DetLabError(problemsText('Cannot train', problems));
}
