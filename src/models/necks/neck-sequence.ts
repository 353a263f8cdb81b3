// A neck, or several in a row: `neck: [{ type: 'FPN', ... }, { type: 'BFP', ... }]`. Each reads the levels of the one before
// it; parameters are named `neck.0.lateral_convs...`, as in PyTorch's Sequential.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ModuleList } from '../../nn/module-list';
import type { FeatureSpec, Neck, NeckTraining } from '../types';

/** The `neck` of a detector. */
export const neckOption = z.union([moduleOption('neck'), z.array(moduleOption('neck')).min(1)]);

export class NeckSequence extends ModuleList<Neck> implements Neck {
  get outputs(): FeatureSpec[] {
    return this.at(-1).outputs;
  }

  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return [...this].reduce((levels, neck) => neck.forward(levels), features);
  }

  /** What one of them wants supervised. */
  forwardTraining(features: tf.Tensor4D[]): NeckTraining {
    let training: NeckTraining = { features };
    for (const neck of this) {
      const next = forwardNeck(neck, training.features);
      if (next.auxiliary && training.auxiliary)
        throw new DetLabError(
          'Cannot train two necks of one sequence with auxiliary losses: give one auxiliary_weight: 0',
        );
      training = { features: next.features, auxiliary: next.auxiliary ?? training.auxiliary };
    }
    return training;
  }
}

/** A training step's pass through a neck, or none. */
export function forwardNeck(neck: Neck | undefined, features: tf.Tensor4D[]): NeckTraining {
  if (!neck) return { features };
  return neck.forwardTraining ? neck.forwardTraining(features) : { features: neck.forward(features) };
}

/**
 * Builds the neck of a detector, whose `context.inputs` are the backbone's levels.
 *
 * @example buildNeck([{ type: 'FPN', out_channels: 256, num_outs: 5 }, { type: 'BFP' }], { registry, path: 'model.neck', inputs })
 */
export function buildNeck(config: ModuleConfig | ModuleConfig[], { registry, path, inputs }: BuildContext): Neck {
  if (!Array.isArray(config)) return registry.build('neck', config, { path, inputs });
  const sequence = new NeckSequence();
  let levels = inputs;
  for (const [i, one] of config.entries()) {
    const neck = registry.build('neck', one, { path: `${path}.${i}`, inputs: levels });
    levels = sequence.push(neck).outputs;
  }
  return sequence;
}
