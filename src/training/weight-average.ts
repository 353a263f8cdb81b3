// A running average of a model's weights (mmengine's averaged models), which is evaluated and saved in their place:
// average += momentum * (weights - average), in one fused call of the engine for all of them.

import * as tf from '@tensorflow/tfjs';
import { engine } from '../engine';
import { listHolder } from '../engine/memory-holders';
import type { Module, Parameter, StateDict } from '../nn/module';

export interface AverageOptions {
  /** Weight of the newest weights in the average after `steps` updates. */
  momentum: (steps: number) => number;
  /** Updates are made every so many iterations. */
  interval: number;
  /** Average running statistics as well; else the average has those of the model. */
  updateBuffers: boolean;
  /** Iterations or epochs (from 1) before which the average is the model itself. */
  beginIteration: number;
  beginEpoch: number;
  /** Said at the start of a run. */
  note?: string;
}

const copied = (tensor: tf.Tensor): tf.Tensor =>
  tensor.dtype === 'int32' ? tf.add(tensor, tf.scalar(0, 'int32')) : tf.add(tensor, 0);

export class WeightAverage {
  /** Updates made. */
  steps = 0;
  private readonly entries: { source: Parameter; average: tf.Variable }[] = [];

  constructor(
    private readonly model: Module,
    private readonly options: AverageOptions,
  ) {
    const seen = new Set<Parameter>();
    for (const [, source] of model.named()) {
      if (seen.has(source) || (source.kind === 'buffer' && !options.updateBuffers)) continue;
      seen.add(source);
      this.entries.push({ source, average: tf.tidy(() => tf.variable(copied(source.variable), false)) });
    }
    const name = model.constructor.name;
    listHolder(this, ({ entries }) => {
      const tensors = entries.map(({ average }) => average);
      return { kind: 'average', name, type: 'EMA of the weights', tensors };
    });
  }

  /** Integers (how often statistics were updated) are copied once and not averaged, as in mmengine. */
  private moving() {
    return this.entries.filter(({ average }) => average.dtype === 'float32');
  }

  /** @param iteration done since the start; @param epoch the current one, from 1 */
  update(iteration: number, epoch: number): void {
    const { beginEpoch, beginIteration, interval, momentum } = this.options;
    const begun = beginEpoch > 0 ? epoch >= beginEpoch : iteration >= beginIteration;
    if (!begun) {
      this.take();
      return;
    }
    if (this.steps === 0) this.take();
    else if (this.steps % interval === 0) {
      const moving = this.moving();
      // a descent from the average towards the weights: p - lr (g + decay p) with g the weights, lr = -share, decay = -1
      engine().sgdStep(
        moving.map(({ average }) => average),
        moving.map(({ source }) => source.variable),
        [],
        { lr: -momentum(this.steps), momentum: 0, weightDecay: -1 },
      );
    }
    this.steps++;
  }

  /** The average becomes the model's weights. */
  take(): void {
    for (const { source, average } of this.entries) tf.tidy(() => average.assign(copied(source.variable)));
  }

  /** Exchanges the model's weights and the average. New tensors: what was computed from the old ones is not reused. */
  swap(): void {
    for (const { source, average } of this.entries)
      tf.tidy(() => {
        const weights = copied(source.variable);
        const averaged = copied(average);
        source.variable.assign(averaged);
        average.assign(weights);
      });
  }

  /** The averaged model; the weights being trained are in place again afterwards. */
  averaged(): StateDict {
    this.swap();
    const model = this.model.stateDict();
    this.swap();
    return model;
  }

  /**
   * Goes on from a checkpoint whose averaged weights the model has just been given.
   * @param source the weights that were being trained; none: averaging starts from the model's
   */
  restore(source: StateDict, steps: number): void {
    this.steps = steps;
    this.take();
    if (source.size > 0) this.model.loadStateDict(source);
  }

  dispose(): void {
    for (const { average } of this.entries) average.dispose();
  }
}
