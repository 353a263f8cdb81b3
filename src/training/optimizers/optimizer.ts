// The contract of an optimizer, and what a definition of kind `optimizer` builds.

import type * as tf from '@tensorflow/tfjs';
import type { StateDict } from '../../nn/module';
import type { ParameterGroup } from '../parameter-groups';

export interface Optimizer {
  readonly groups: readonly ParameterGroup[];
  /** One update; `gradients[i]` belongs to `groups[i]`, undefined where the loss does not depend on it. */
  step(gradients: readonly (tf.Tensor | undefined)[]): void;
  /** Momentum and such, by parameter name, in PyTorch's layouts. */
  stateDict(): StateDict;
  /** @throws DetLabError when a parameter's state is missing, unknown or of another shape. */
  loadStateDict(state: StateDict): void;
  dispose(): void;
}

/** What `registry.build('optimizer', ...)` gives: the base rates, and the optimizer once the groups are known. */
export interface OptimizerPlan {
  lr: number;
  weightDecay: number;
  /** What schedules of the momentum move: of Adam its first beta; absent: nothing. */
  momentum?: number;
  create(groups: ParameterGroup[]): Optimizer;
}

declare module '../../catalogue/registry' {
  interface Built {
    optimizer: OptimizerPlan;
  }
}
