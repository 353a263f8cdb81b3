// Training steps that are no run: of the learning-rate finder, the search for a batch size, and profiles. One optimizer, no schedule,
// no log, no files.

import type { Registry } from '../catalogue/registry';
import type { PackedSample } from '../data/types';
import type { Precision } from '../engine';
import { interruptible } from '../engine/interruption';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { disposeBatch } from './dispose-batch';
import { pass } from './gradients';
import { OptimWrapper, type OptimWrapperConfig } from './optim-wrapper';

/** What one iteration gave. */
export interface Trial {
  /** `loss` (the sum) and its parts. */
  scalars: Record<string, number>;
  /** False while gradients accumulate. */
  stepped: boolean;
}

export class TrialTraining {
  private readonly wrapper: OptimWrapper;
  private readonly random: Random;
  private iteration = 0;

  constructor(
    private readonly detector: Detector,
    config: OptimWrapperConfig,
    registry: Registry,
    { precision, seed }: { precision?: Precision; seed: number },
  ) {
    this.wrapper = new OptimWrapper(detector, config, registry, Number.MAX_SAFE_INTEGER, precision);
    this.random = Random.seeded(Math.imul(seed + 1, 0x85ebca6b));
    detector.train();
  }

  get precision(): Precision {
    return this.wrapper.precision;
  }

  /** Sets the learning rate of the first parameters; those of others keep their ratio to it. */
  set rate(lr: number) {
    const { groups } = this.wrapper.optimizer;
    const [{ initialLr: base }] = groups;
    for (const group of groups) group.lr = base > 0 ? (group.initialLr / base) * lr : lr;
  }

  /**
   * One iteration.
   * @returns undefined when Stop became urgent
   * @throws DetLabError when the gradients are not finite
   */
  step(samples: PackedSample[], signal?: AbortSignal): Trial | undefined {
    const { detector, random, wrapper } = this;
    const batch = detector.preprocess(samples, this.iteration);
    try {
      const context = { random, epoch: 0, iteration: this.iteration++ };
      const settings = { precision: wrapper.precision, factor: wrapper.lossFactor() };
      const passed = interruptible(signal, () => pass(detector, batch, wrapper.variables, context, settings));
      if (!passed) return undefined;
      const { gradients, scalars } = passed;
      if (Number.isFinite(scalars.loss)) return { scalars, stepped: wrapper.update(gradients).stepped };
      for (const gradient of gradients) gradient?.dispose();
      return { scalars, stepped: true };
    } finally {
      disposeBatch(batch);
    }
  }

  dispose(): void {
    this.wrapper.dispose();
  }
}
