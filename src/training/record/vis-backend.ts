// The contract of a vis_backend: where the scalars and drawn images of a run go beside `scalars.jsonl`, for the tools that read them.

import type { History, ScalarRecord } from '../history';

/** A run that begins, or goes on. */
export interface RecordedRun {
  workDir: string;
  /** Its config as a Python file of MMDetection. */
  config: string;
  /** The same as an object. */
  settings: Readonly<Record<string, unknown>>;
  /** What was logged before it was resumed. */
  history: History;
  /** Iterations done. */
  step: number;
  /** Iterations of one unit of an evaluation's `step`. */
  stepsPerEvaluation: number;
}

export interface VisBackend {
  readonly type: string;
  start(run: RecordedRun): void;
  /** A line of the log; an evaluation's `step` is its epoch, as in mmengine, in a run that counts epochs. */
  scalars(list: keyof History, record: ScalarRecord): void;
  /** A PNG, at a step of its own: `val_img`, `test_img`. */
  image?(name: string, png: Uint8Array, step: number): void;
  /** The run has ended, whatever ended it. */
  close?(): void;
}

declare module '../../catalogue/registry' {
  interface Built {
    vis_backend: VisBackend;
  }
}
