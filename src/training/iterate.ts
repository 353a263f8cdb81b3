// One iteration of training: a batch's losses, their gradients, and the update. Weights change in the update alone, so that an
// iteration can be left before it, and done again when the run is resumed.

import type * as tf from '@tensorflow/tfjs';
import type { PackedSample } from '../data/types';
import { canInterrupt, interruptible } from '../engine/interruption';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { disposeBatch } from './dispose-batch';
import { pass } from './gradients';
import { LeftRanks, type Ranks } from './ranks/ranks';
import type { RunState } from './run-state';
import { SavedBuffers } from './saved-buffers';

export interface Iteration {
  samples: PackedSample[];
  lr: number;
  /** Leaves the iteration when it becomes urgent; see `interruptible`. */
  signal?: AbortSignal;
  /** The processes that make this iteration together, each with samples of its own. */
  ranks?: Ranks;
}

/**
 * @returns undefined when it was left: model and state are as before it, as they are on rank 0 when it throws LeftRanks
 * @param afterBackward what hooks do with the gradients before the update
 * @throws DetLabError naming the loss, the images and the learning rate when a loss or gradient is not finite; the weights
 *   are as they were
 */
export async function iterate(
  detector: Detector,
  state: RunState,
  { samples, lr, signal, ranks }: Iteration,
  afterBackward?: (gradients: (tf.Tensor | undefined)[]) => Promise<void>,
): Promise<{ scalars: Record<string, number>; gradNorm?: number } | undefined> {
  const { epoch, iteration, step, wrapper } = state;
  const random = ranks?.randomAt(state.settings.seed, step, state.random) ?? state.random;
  const where = () =>
    `at epoch ${epoch + 1}, iteration ${iteration + 1}, learning rate ${lr}, images ` +
    `${samples.map((s) => `"${s.meta.imgPath}"`).join(', ')}. ` +
    `Lower the learning rate, lengthen the warm-up or clip gradients (clip_grad: { max_norm: 10 }), and look at these images`;
  const batch = detector.preprocess(samples, step);
  // rank 0 writes the checkpoint of a run whose ranks do not answer
  const before = canInterrupt(signal) || ranks?.isFirst ? new BeforeIteration(detector, state) : undefined;
  const { variables } = wrapper;
  // gradients that accumulate are summed over the ranks once, when their step is due
  const reduces = ranks !== undefined && !wrapper.accumulates;
  try {
    const passed = interruptible(signal, () =>
      pass(
        detector,
        batch,
        variables,
        { random, epoch, iteration: step },
        { precision: wrapper.precision, factor: wrapper.lossFactor(), group: ranks?.group, reduces },
      ),
    );
    if (!passed) {
      before?.restore();
      return undefined;
    }
    let { scalars, gradients } = passed;
    const dispose = () => {
      for (const gradient of gradients) gradient?.dispose();
    };
    const named = lossesNotFinite(scalars);
    const problem = named && `${named} ${where()}`;
    const begun = ranks ? [...gradients] : [];
    const since = performance.now();
    if (ranks)
      scalars = await ranks.means(scalars, problem).catch((error) => {
        dispose();
        throw error;
      });
    if (problem !== undefined) {
      dispose();
      throw new DetLabError(`Cannot continue training: ${problem}`);
    }
    if (ranks && (reduces || wrapper.isDue)) {
      if (!reduces) {
        gradients = wrapper.joined(gradients);
        ranks.group.beginGradients(gradients, variables);
        begun.splice(0, begun.length, ...gradients);
      }
      gradients = await ranks.meanGradients(variables);
      for (const gradient of begun) gradient?.dispose();
    }
    ranks?.count(performance.now() - since);
    if (afterBackward)
      await afterBackward(gradients).catch((error) => {
        dispose();
        throw error;
      });
    try {
      return { scalars, gradNorm: wrapper.update(gradients).gradNorm };
    } catch (error) {
      throw error instanceof DetLabError
        ? new DetLabError(`Cannot continue training: ${error.message} ${where()}`)
        : error;
    }
  } catch (error) {
    if (error instanceof LeftRanks) before?.restore();
    throw error;
  } finally {
    before?.dispose();
    disposeBatch(batch);
  }
}

/** `loss_cls is NaN`; undefined where all losses are finite. */
function lossesNotFinite(scalars: Record<string, number>): string | undefined {
  const bad = Object.entries(scalars).filter(([name, v]) => name.includes('loss') && !Number.isFinite(v));
  // the sum is named only when no part is to blame
  const named = bad.length > 1 ? bad.filter(([name]) => name !== 'loss') : bad;
  return named.length > 0 ? named.map(([name, v]) => `${name} is ${v}`).join(', ') : undefined;
}

/** What an iteration changes before its update: the buffers of the model and the random stream. */
class BeforeIteration {
  private readonly buffers: SavedBuffers;
  private readonly random: ReturnType<RunState['random']['state']>;

  constructor(
    detector: Detector,
    private readonly state: RunState,
  ) {
    this.buffers = new SavedBuffers(detector);
    this.random = state.random.state();
  }

  restore(): void {
    this.buffers.restore();
    this.state.random.restore(this.random);
  }

  dispose(): void {
    this.buffers.dispose();
  }
}
