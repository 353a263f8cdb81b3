// How long a run is, what its progress is counted in, and when it evaluates: what hooks know of a training loop.

/** Evaluations of a run, in epochs or in iterations as its loop counts. */
export interface EvaluationSchedule {
  /** No evaluation before so many are done. */
  begin: number;
  interval: number;
  /** `[from, interval]`: another interval from there on; the last that has begun holds. */
  dynamicIntervals?: readonly (readonly [from: number, interval: number])[];
}

export interface LoopPlan {
  /** Its type name, for messages. */
  readonly type: string;
  readonly unit: 'epoch' | 'iteration';
  /** Epochs or iterations of the whole run. */
  readonly total: number;
  readonly evaluation: EvaluationSchedule;
}

/** Whether an evaluation is due after `done` epochs or iterations: every `interval`, and at the end. */
export function isEvaluationDue({ total, evaluation }: LoopPlan, done: number): boolean {
  const { begin, dynamicIntervals = [] } = evaluation;
  const interval = dynamicIntervals.findLast(([from]) => from <= done + 1)?.[1] ?? evaluation.interval;
  return done >= begin && (done % interval === 0 || done === total);
}
