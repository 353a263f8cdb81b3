// `fit(data, { patience: 3 })`: EarlyStoppingHook on the first metric of the evaluations (AP), and the best weights at the end.

import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import { BestWeightsHook } from '../training/best-weights';
import { AUTO } from '../training/history';
import type { CheckpointOptions } from '../training/hooks/checkpoint-hook';
import { EarlyStoppingHook } from '../training/hooks/early-stopping-hook';
import type { TrainHook } from '../training/hooks/hook';
import { ruleOfMetric } from '../training/metric-rule';
import { objectAt } from './config-access';

/** When a run ends because its metric no longer improves. */
export interface Patience {
  /** Evaluations in a row without improvement that end the run. */
  patience: number;
  /** Metric with MMDetection's name, 'coco/bbox_mAP' or 'val/loss'; the first of the evaluation (AP) by default. */
  monitor?: string;
  /** Which of its values are better; by its name when left out: AP greater, loss less. */
  rule?: 'greater' | 'less';
  /** What an evaluation must add to the best one before it, so as to count as an improvement. Default 0.001. */
  minDelta?: number;
  /** Ends the run as soon as the metric is better than this. */
  stoppingThreshold?: number;
}

/** AP is shown with three digits. */
const MIN_DELTA = 0.001;

export interface EarlyStopping {
  stopping: EarlyStoppingHook;
  bestWeights: BestWeightsHook;
  /** The best model is kept by the metric that is waited for. */
  checkpoint: CheckpointOptions;
}

/** @throws DetLabError for a patience that is no number of evaluations, or another metric for the best checkpoint */
export function planEarlyStopping(
  given: number | Patience,
  checkpoint: CheckpointOptions | undefined,
  config: ConfigObject,
  notices: string[],
): EarlyStopping {
  const { patience, monitor = AUTO, minDelta = MIN_DELTA, stoppingThreshold, ...rest } = patienceOf(given);
  const rule = rest.rule ?? (monitor === AUTO ? undefined : ruleOfMetric(monitor));
  if (rule === undefined && monitor !== AUTO)
    throw new DetLabError(
      `Cannot stop early by "${monitor}": its name does not say which values are better. Pass rule: 'greater' or 'less'`,
    );
  const { saveBest = monitor } = checkpoint ?? {};
  if (String(saveBest) !== monitor)
    throw new DetLabError(
      `Cannot keep the best model by "${saveBest}" (checkpoint.saveBest) and stop early by "${monitor}": the weights that the run ` +
        'ends with are those of the best checkpoint. Leave saveBest out, or pass it as patience: { patience, monitor } too',
    );
  const configured = [objectAt(config, 'default_hooks.checkpoint').save_best ?? []].flat();
  if (configured.some((metric) => metric !== AUTO && metric !== monitor) && (monitor !== AUTO || configured.length > 1))
    notices.push(
      `the best checkpoint is kept by "${monitor}" as patience asks, and not by "${configured}" (save_best)`,
    );
  const stopping = { monitor, rule, minDelta, patience, strict: true, checkFinite: true, stoppingThreshold };
  return {
    stopping: new EarlyStoppingHook(stopping),
    bestWeights: new BestWeightsHook(monitor, rule),
    checkpoint: { ...checkpoint, saveBest: monitor, rule },
  };
}

const OPTIONS = ['patience', 'monitor', 'rule', 'minDelta', 'stoppingThreshold'];

function patienceOf(given: number | Patience): Patience {
  const options = typeof given === 'number' ? { patience: given } : given;
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined || !Number.isInteger(options.patience) || options.patience < 1)
    throw new DetLabError(
      `Cannot stop early: expected patience, the number of evaluations without improvement that end the run (3), or ` +
        `{ ${OPTIONS.join(', ')} }, received ${unknown === undefined ? String(options.patience) : `the option "${unknown}"`}`,
    );
  return options;
}

/** The hooks of a config without its EarlyStoppingHook, which `patience` replaces. */
export function withoutStopping(hooks: readonly TrainHook[], notices: string[]): TrainHook[] {
  const others = hooks.filter((hook) => !(hook instanceof EarlyStoppingHook));
  if (others.length < hooks.length) notices.push("patience replaces the config's EarlyStoppingHook");
  return others;
}
