// A run as its hooks see it: what is trained, how far it is, and what they may ask of it.

import type { PackedSample } from '../data/types';
import type { Detector } from '../models/types';
import type { CheckpointContents } from './checkpoint';
import type { History, ScalarRecord } from './history';
import type { LoopPlan } from './loops/loop-plan';
import type { Ranks } from './ranks/ranks';
import type { RunState } from './run-state';

/** Where batches come from. The same epoch gives the same batches each time, from whatever batch it is started. */
export interface TrainLoader {
  /** Batches per epoch. */
  readonly length: number;
  /** Images per epoch: a run may go on with other batches of as many images. */
  readonly images?: number;
  /** Batches `start`, `start + 1`, ... of an epoch counted from 0; it ends early when `signal` aborts. */
  epoch(epoch: number, options: { start: number; signal?: AbortSignal }): AsyncIterable<PackedSample[]>;
}

/** Metrics of one evaluation by name (`coco/bbox_mAP`), in the order of the log; undefined when the signal cut it short. */
export type Evaluate = (at: {
  epoch: number;
  step: number;
  signal?: AbortSignal;
}) => Promise<Record<string, number> | undefined>;

/** A training run as its hooks see it. */
export interface TrainRun {
  readonly detector: Detector;
  readonly loader: TrainLoader;
  readonly loop: LoopPlan;
  readonly state: RunState;
  readonly signal?: AbortSignal;
  /** The processes of the run, where it has several. */
  readonly ranks?: Ranks;
  /** Folder of logs and checkpoints; nothing is written without it. */
  readonly workDir?: string;
  /** Epochs or iterations done, as the loop counts. */
  readonly done: number;
  /** Iterations of the whole run. */
  readonly maxIterations: number;
  /** Whether a run that ended now would have been cut short: by an abort, and not by `stopTraining`. */
  readonly interrupted: boolean;
  /** Set by a hook (early stopping): training ends after the epoch in hand, or after the iteration where those are counted. */
  stopTraining: boolean;
  /** Set by a hook: whether `Detector.onEpoch` is called with `closing` for the epoch that begins. */
  closing: boolean;
  log(line: string): void;
  /** Adds a line to the history, and to `scalars.jsonl`. */
  record(list: keyof History, entry: ScalarRecord): Promise<void>;
  /** Evaluates the model as it is now, with `beforeVal` before and `afterVal` after it. */
  validate(evaluate: Evaluate): Promise<void>;
  /**
   * What a checkpoint of this moment holds, after every hook's `beforeSaveCheckpoint`; `deferred`: tensors are copied when their
   * data is first read.
   */
  checkpoint(options?: { deferred?: boolean }): Promise<CheckpointContents>;
  /** Reports a checkpoint that is on disk to the hooks. */
  checkpointSaved(directory: string): Promise<void>;
}
