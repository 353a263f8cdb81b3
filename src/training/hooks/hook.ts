// The contract of a hook: the points of mmengine's Hook at which the training loop calls it. A hook is one file: a class with
// the points it needs, and a definition whose `build` makes one. Where mmengine counts an iteration or epoch as done after its
// hooks, it is counted before them here: `run.state` is what a checkpoint of that moment holds.

import type * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../catalogue/registry';
import type { PackedSample } from '../../data/types';
import type { Checkpoint, CheckpointContents } from '../checkpoint';
import type { History, ScalarRecord } from '../history';
import type { TrainRun } from '../train-run';

/** One iteration, once its step is done. */
export interface TrainIteration {
  samples: PackedSample[];
  /** Learning rate of the first parameter group in this iteration. */
  lr: number;
  /** `loss` (the sum) and its parts, not smoothed. */
  scalars: Record<string, number>;
  /** Norm of the gradients before clipping, where they are clipped. */
  gradNorm?: number;
  /** `performance.now()` when it began to wait for its batch, and the seconds of that wait. */
  began: number;
  dataTime: number;
  /** Seconds of the whole iteration, and to the end of training without evaluations; 0 before IterTimerHook. */
  time: number;
  eta: number;
}

/** What a hook changes in the transforms, from an epoch (counted from 0) on. */
export type PipelineChange =
  | { kind: 'replace'; from: number; pipeline: ModuleConfig[] }
  /** Transforms of these types are left out. */
  | { kind: 'skip'; from: number; types: string[] };

type Done = void | Promise<void>;

/** What a run does between the steps of its loop, in the order of mmengine's hooks. */
export interface TrainHook {
  /** Its type name, for messages and for its state in checkpoints. */
  readonly name: string;
  /** 0 (first) to 100 (last): see PRIORITIES. */
  priority: number;
  /** Set where it counts epochs: a loop that counts iterations refuses it. */
  readonly unit?: 'epoch';

  /** Before weights are resumed. */
  beforeRun?(run: TrainRun): Done;
  /** The model has the checkpoint's weights; optimizer, schedule and counters follow. */
  afterLoadCheckpoint?(run: TrainRun, checkpoint: Checkpoint): Done;
  /** Everything is resumed. */
  beforeTrain?(run: TrainRun): Done;
  /** Also of an epoch that a resumed run continues. A run counted in iterations is one epoch to this point, as in mmengine. */
  beforeTrainEpoch?(run: TrainRun): Done;
  beforeTrainIter?(run: TrainRun, samples: PackedSample[]): Done;
  /**
   * Between backward pass and update. `gradients` are in the order of `run.state.wrapper.variables`; a hook that puts another
   * tensor in place of one disposes the old one.
   */
  afterBackward?(run: TrainRun, gradients: (tf.Tensor | undefined)[]): Done;
  afterTrainIter?(run: TrainRun, iteration: TrainIteration): Done;
  afterTrainEpoch?(run: TrainRun): Done;
  beforeVal?(run: TrainRun): Done;
  /** `metrics` may be added to before LoggerHook; undefined when the evaluation failed or was interrupted. */
  afterVal?(run: TrainRun, metrics: Record<string, number> | undefined): Done;
  /** After a line was added to the history. */
  afterRecord?(run: TrainRun, list: keyof History, entry: ScalarRecord): Done;
  /** `contents` may be changed. */
  beforeSaveCheckpoint?(run: TrainRun, contents: CheckpointContents): Done;
  /** The checkpoint is on disk; training has continued meanwhile. */
  afterSaveCheckpoint?(run: TrainRun, directory: string): Done;
  /** The loop has ended, at its end or by an abort. */
  afterTrain?(run: TrainRun): Done;
  /** Whatever ended the run, errors included. */
  afterRun?(run: TrainRun): Done;

  /** What a checkpoint keeps of it, as JSON. */
  state?(): unknown;
  restore?(state: unknown): void;

  /** Other transforms late in a run of `maxEpochs`; asked before the data is loaded. */
  pipelineChange?(maxEpochs: number): PipelineChange;
}

declare module '../../catalogue/registry' {
  interface Built {
    hook: TrainHook;
  }
}
