// The options of `recipe.fit(data, options)`.

import type { ClassWeights } from './class-weights';
import type { PlanOptions } from './plan';
import type { RepeatFactors } from './repeat-factors';
import type { RunHook } from './run-hooks';

/** Options of `fit`: length, learning rate, seed, checkpoints, what is watched. */
export interface FitOptions extends Omit<PlanOptions, 'batch' | 'stageRates'> {
  /**
   * Batch size: images per iteration. `'auto'`: the largest for which there is memory, found by real training steps on the largest
   * images; the learning rate follows it where the config has `auto_scale_lr` and no `lr` is given.
   */
  batch?: number | 'auto';
  /**
   * A factor on the classification loss of each class: by the number of its objects (`'balanced'`, or milder `'sqrt'`), by label or
   * by name. For heads with CrossEntropyLoss; others are refused.
   * @example fit(data, { classWeights: { platelet: 3 } })
   */
  classWeights?: ClassWeights;
  /**
   * Shows images of rare classes more often, as MMDetection's ClassBalancedDataset: those of classes in less than a thousandth of the
   * images, or than another share of them.
   * @example fit(data, { repeatFactors: { threshold: 0.2 } })
   */
  repeatFactors?: boolean | RepeatFactors;
  /**
   * Code of your own at the points of the run: `beforeRun`, `beforeEpoch`, `beforeIteration`, `afterIteration`, `afterEpoch`,
   * `beforeValidation`, `afterValidation`, `afterRun`. An error in it is named in the log (and in `run.hookErrors`), and the run
   * goes on without that point.
   * @example fit(data, { hooks: [{ afterIteration({ step, losses }) { console.log(step, losses.loss); } }] })
   */
  hooks?: readonly RunHook[];
}

/** What is left of them when those that change the recipe have been applied. */
export type PreparedOptions = Omit<FitOptions, 'batch' | 'classWeights' | 'repeatFactors' | 'imageSize'> & PlanOptions;
