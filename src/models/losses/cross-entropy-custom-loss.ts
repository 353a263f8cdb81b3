// CrossEntropyCustomLoss: CrossEntropyLoss for heads on RoIs that have one sigmoid a class and no channel of the background, whose
// probability is what the classes leave (V3Det, Wang et al., ICCV 2023).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { foregroundAccuracy } from './accuracy';
import { requireClasses } from './check-labels';
import { CrossEntropyLoss, type CrossEntropyLossOptions } from './cross-entropy-loss';
import { lossWeightOption, type OwnScoresLoss, reductionOption } from './loss';

/** Logits of sigmoids [N, C] -> probabilities [N, C + 1]. */
export function withBackground(logits: tf.Tensor2D): tf.Tensor2D {
  const classes = tf.sigmoid(logits);
  return tf.concat([classes, tf.clipByValue(tf.sub(1, tf.sum(classes, 1, true)), 0, 1)], 1) as tf.Tensor2D;
}

export class CrossEntropyCustomLoss extends CrossEntropyLoss implements OwnScoresLoss {
  constructor(
    options: CrossEntropyLossOptions,
    private readonly classes: number,
  ) {
    super(options);
  }

  scoreChannels(classes: number): number {
    const own = requireClasses('CrossEntropyCustomLoss', this.classes, classes);
    return this.useSigmoid ? own : own + 1;
  }

  activate(scores: tf.Tensor2D): tf.Tensor2D {
    return this.useSigmoid ? withBackground(scores) : tf.softmax(scores);
  }

  accuracies(scores: tf.Tensor2D, labels: tf.Tensor1D): Record<string, tf.Scalar> {
    const ofClasses = scores.slice([0, 0], [-1, this.classes]);
    return { acc_classes: foregroundAccuracy(ofClasses, labels, this.classes) };
  }
}

export const crossEntropyCustomLossDefinition = defineModule({
  kind: 'loss',
  type: 'CrossEntropyCustomLoss',
  summary: 'Cross entropy of RoIs by a sigmoid a class, without a channel of the background',
  paper: 'Wang et al., V3Det: Vast Vocabulary Visual Detection Dataset, ICCV 2023',
  shapes: 'logits [N, C] and labels [N], where the label C is background -> scalar',
  example: "{ type: 'CrossEntropyCustomLoss', use_sigmoid: true, num_classes: 13204 }",
  options: z.strictObject({
    use_sigmoid: z.boolean().default(false).describe('One sigmoid per class instead of a softmax with the background'),
    use_mask: z.literal(false).default(false).describe('Only false: it compares classes, not masks'),
    reduction: reductionOption,
    num_classes: z.int().positive().describe('Foreground classes'),
    class_weight: z.array(z.number()).nullish().describe('Weight of each class; with use_sigmoid of its positives'),
    ignore_index: z.int().nullish().describe('Label that is ignored; -100 by default'),
    loss_weight: lossWeightOption,
    avg_non_ignore: z.boolean().default(false).describe('Average over labels that are not ignored'),
  }),
  build: ({ num_classes, ...options }) => new CrossEntropyCustomLoss(options, num_classes),
});
