// The data of a run's chart, collected during training: losses and learning rate by iteration, and the metrics of evaluations.

export interface TrainingCurves {
  /** What `at` counts. */
  unit: 'epoch' | 'iteration';
  /** Epochs are fractional: 2.5 is halfway through the third epoch. */
  steps: { at: number; lr: number; losses: Record<string, number> }[];
  evaluations: { at: number; metrics: Record<string, number> }[];
}

/** At most `count` points, each the mean of a bin: long runs draw as fast as short ones. */
export function downsampled(steps: TrainingCurves['steps'], count = 200): TrainingCurves['steps'] {
  if (steps.length <= count) return steps;
  return Array.from({ length: count }, (_, bin) => {
    const binSteps = steps.slice(
      Math.floor((bin * steps.length) / count),
      Math.floor(((bin + 1) * steps.length) / count),
    );
    const losses: Record<string, number> = {};
    for (const name of Object.keys(binSteps[0].losses))
      losses[name] = binSteps.reduce((sum, s) => sum + s.losses[name], 0) / binSteps.length;
    const last = binSteps[binSteps.length - 1];
    return { at: last.at, lr: last.lr, losses };
  });
}
