// The contract of a training loop, and the options that loops share.

import { z } from 'zod';
import type { Runner } from '../runner';
import type { EvaluationSchedule, LoopPlan } from './loop-plan';

export interface TrainLoop extends LoopPlan {
  /** Trains to the end, or until `runner.stopped`; the state is resumed or new. */
  run(runner: Runner): Promise<void>;
}

/** A loop over a dataset without training: its settings are read where evaluations are made. */
export interface EvaluationLoop {
  readonly type: string;
  readonly unit: 'image';
}

declare module '../../catalogue/registry' {
  interface Built {
    loop: TrainLoop | EvaluationLoop;
  }
}

/**
 * mmengine's other way to name a loop, which may be there beside its type where both say the same, as in MMDetection's configs of
 * SOLOv2-light; mmengine refuses those.
 */
export const byEpochOption = <const B extends boolean>(byEpoch: B) =>
  z.literal(byEpoch).optional().describe('Another name of this loop, in place of its type or beside it');

/** @param unit `epoch` or `iteration`, in the texts of the options */
export const evaluationOptions = (unit: LoopPlan['unit'], interval: number) => ({
  val_begin: z.int().default(1).describe(`First ${unit} after which the model may be evaluated`),
  val_interval: z.int().positive().default(interval).describe(`Evaluate every so many ${unit}s, and after the last`),
  dynamic_intervals: z
    .array(z.tuple([z.int(), z.int().positive()]))
    .nullish()
    .describe(`[${unit}, val_interval from there on], several`),
});

interface EvaluationOptions {
  val_begin: number;
  val_interval: number;
  dynamic_intervals?: [number, number][] | null;
}

export const evaluationSchedule = (o: EvaluationOptions): EvaluationSchedule => ({
  begin: o.val_begin,
  interval: o.val_interval,
  dynamicIntervals: o.dynamic_intervals ?? [],
});
