// The data of a run's chart, collected during training: losses and learning rate by iteration, and the metrics of evaluations.

export interface TrainingCurves {
  /** What `at` counts. */
  unit: 'epoch' | 'iteration';
  /** Epochs are fractional: 2.5 is halfway through the third epoch. */
  steps: { at: number; lr: number; losses: Record<string, number> }[];
  /** `losses`: those of the validation images, by the names of training's. */
  evaluations: { at: number; metrics: Record<string, number>; losses?: Record<string, number> }[];
}

/**
 * At most `count` points, each the mean of a bin: long runs draw as fast as short ones. Bins are equally wide, so that the part
 * of a resumed run that is known by fewer points keeps its width.
 */
export function downsampled(steps: TrainingCurves['steps'], count = 200): TrainingCurves['steps'] {
  if (steps.length <= count) return steps;
  const first = steps[0].at;
  const width = (steps[steps.length - 1].at - first) / count || 1;
  const bins: TrainingCurves['steps'][] = Array.from({ length: count }, () => []);
  for (const step of steps) bins[Math.min(count - 1, Math.max(0, Math.floor((step.at - first) / width)))].push(step);
  return bins.filter((bin) => bin.length > 0).map(meanOf);
}

/** Its losses averaged, at its end. */
function meanOf(bin: TrainingCurves['steps']): TrainingCurves['steps'][number] {
  const losses: Record<string, number> = {};
  for (const name of Object.keys(bin[0].losses))
    losses[name] = bin.reduce((sum, s) => sum + s.losses[name], 0) / bin.length;
  const { at, lr } = bin[bin.length - 1];
  return { at, lr, losses };
}
