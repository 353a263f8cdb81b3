// What a run's chart shows, gathered while it trains: losses and learning rate by iteration, metrics by epoch.

export interface TrainingCurves {
  /** `epoch` is fractional: 2.5 is the middle of the third epoch. */
  steps: { epoch: number; lr: number; losses: Record<string, number> }[];
  evaluations: { epoch: number; metrics: Record<string, number> }[];
}

/** At most `count` points, each the mean of its neighbours: a long run draws as fast as a short one. */
export function thinned(steps: TrainingCurves['steps'], count = 200): TrainingCurves['steps'] {
  if (steps.length <= count) return steps;
  return Array.from({ length: count }, (_, bin) => {
    const part = steps.slice(Math.floor((bin * steps.length) / count), Math.floor(((bin + 1) * steps.length) / count));
    const losses: Record<string, number> = {};
    for (const name of Object.keys(part[0].losses))
      losses[name] = part.reduce((sum, s) => sum + s.losses[name], 0) / part.length;
    const last = part[part.length - 1];
    return { epoch: last.epoch, lr: last.lr, losses };
  });
}
