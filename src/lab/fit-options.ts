// The options of `recipe.fit(data, options)`.

import type { PlanOptions } from './plan';
import type { RunHook } from './run-hooks';

/** Options of `fit`: length, learning rate, seed, checkpoints, what is watched. */
export interface FitOptions extends PlanOptions {
  /**
   * Code of your own at the points of the run: `beforeRun`, `beforeEpoch`, `beforeIteration`, `afterIteration`, `afterEpoch`,
   * `beforeValidation`, `afterValidation`, `afterRun`. An error in it is named in the log (and in `run.hookErrors`), and the run
   * goes on without that point.
   * @example fit(data, { hooks: [{ afterIteration({ step, losses }) { console.log(step, losses.loss); } }] })
   */
  hooks?: readonly RunHook[];
}
