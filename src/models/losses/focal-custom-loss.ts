// FocalCustomLoss: FocalLoss of a known number of classes (V3Det, Wang et al., ICCV 2023). In a head on RoIs the background has the
// probability that the classes leave: in MMDetection, where it has none, the last class is taken for it.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { foregroundAccuracy } from './accuracy';
import { requireClasses } from './check-labels';
import { withBackground } from './cross-entropy-custom-loss';
import { FocalLoss, type FocalLossOptions, focalLossDefinition } from './focal-loss';
import type { OwnScoresLoss } from './loss';

export class FocalCustomLoss extends FocalLoss implements OwnScoresLoss {
  constructor(
    options: FocalLossOptions,
    private readonly classes: number,
  ) {
    super(options);
  }

  scoreChannels(classes: number): number {
    return requireClasses('FocalCustomLoss', this.classes, classes);
  }

  activate(scores: tf.Tensor2D): tf.Tensor2D {
    return withBackground(scores);
  }

  accuracies(scores: tf.Tensor2D, labels: tf.Tensor1D): Record<string, tf.Scalar> {
    return { acc_classes: foregroundAccuracy(scores, labels, this.classes) };
  }
}

export const focalCustomLossDefinition = defineModule({
  kind: 'loss',
  type: 'FocalCustomLoss',
  summary: 'FocalLoss of a known number of classes',
  paper: 'Wang et al., V3Det: Vast Vocabulary Visual Detection Dataset, ICCV 2023',
  shapes: 'logits [N, C] and labels [N] or targets [N, C] -> scalar',
  example: "{ type: 'FocalCustomLoss', num_classes: 13204 }",
  options: focalLossDefinition.options.extend({ num_classes: z.int().positive().describe('Foreground classes') }),
  build: ({ num_classes, ...options }) => new FocalCustomLoss(options, num_classes),
});
