// An evaluation as a user starts it, of a model or of several: classes that fit, progress, Stop.

import type { Dataset } from '../data';
import { DetLabError } from '../errors';
import { notebook } from '../visualization/display';
import type { EvaluateOptions } from './evaluate';
import type { LabDataset } from './lab-dataset';
import { progressView } from './progress-view';
import type { Report } from './report';

/** What is evaluated. */
interface Evaluated {
  /** `model` or `ensemble`, in words and as a variable. */
  kind: string;
  name: string;
  classes: readonly string[];
}

/**
 * @param run gives undefined when it was stopped
 * @throws DetLabError when the classes differ, or when the evaluation was interrupted
 */
export async function runEvaluation(
  { kind, name, classes }: Evaluated,
  { evaluated }: LabDataset,
  options: EvaluateOptions,
  run: (data: Dataset, options: EvaluateOptions) => Promise<Report | undefined>,
): Promise<Report> {
  if (!evaluated.readsText && evaluated.classes.join('\n') !== classes.join('\n'))
    throw new DetLabError(
      `Cannot evaluate on "${evaluated.name}": the ${kind}'s classes are ${classes.join(', ')}; the data's are ` +
        `${evaluated.classes.join(', ')}. Load the data with { classes: ${kind}.classes }`,
    );
  const view = progressView(`evaluating ${name}`);
  const signal = options.signal ?? notebook()?.signal;
  const onProgress = (done: number, total: number) => {
    view.update(done, total);
    options.onProgress?.(done, total);
  };
  const report = await run(evaluated, { ...options, signal, onProgress });
  view.close();
  if (!report) throw new DetLabError(`The evaluation on "${evaluated.name}" was interrupted`);
  return report;
}
