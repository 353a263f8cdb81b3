// What of a config a run uses, looked at before anything is built, so that all that is wrong with it is told at once.

import { findConfigProblems } from '../catalogue/check-config';
import { problemsText } from '../catalogue/check-model';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';

/** Where a fault stops a run. The data set itself is given with `fit`; a hook that is not there is told by the plan. */
const USED = [/^model\b/, /^optim_wrapper\b/, /^param_scheduler\b/, /^(train|test)_dataloader(\.dataset)+\.pipeline\b/];

/** @throws DetLabError listing every problem of what a run uses. */
export function checkRun(config: ConfigObject): void {
  const problems = findConfigProblems(config, catalogue).filter(({ path }) => USED.some((part) => part.test(path)));
  if (problems.length > 0) throw new DetLabError(problemsText('Cannot train', problems));
}
