// PKDLoss (Cao et al., PKD, NeurIPS 2022): 1 minus the Pearson correlation of student and teacher, channel by channel; as half the
// mean squared difference of maps that are brought to mean 0 and deviation 1 over images and pixels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { interpolate } from '../../ops/interpolate';
import type { FeatureLoss } from './feature-loss';
import { lossWeightOption } from './loss';

export class PKDLoss implements FeatureLoss {
  readonly compares = ['preds_S', 'preds_T'] as const;

  constructor(private readonly options: { loss_weight: number; resize_stu: boolean }) {}

  /** Maps [N, H, W, C] of student and teacher. @throws DetLabError where they differ in images or channels */
  forward(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
    const { loss_weight, resize_stu } = this.options;
    const [n, h, w, c] = student.shape;
    const [otherN, otherH, otherW, otherC] = teacher.shape;
    if (n !== otherN || c !== otherC || student.rank !== 4 || teacher.rank !== 4)
      throw new DetLabError(
        `Cannot compute PKDLoss: expected maps [N, H, W, C] of as many images and channels, received [${student.shape}] of the ` +
          `student and [${teacher.shape}] of the teacher`,
      );
    return tf.tidy(() => {
      let [s, t] = [student, teacher] as tf.Tensor4D[];
      if (h !== otherH || w !== otherW) {
        if (resize_stu) s = interpolate(s, { size: [otherH, otherW], mode: 'bilinear' });
        else t = interpolate(t, { size: [h, w], mode: 'bilinear' });
      }
      return tf.mul(tf.mean(tf.square(tf.sub(standardized(s), standardized(t)))), loss_weight / 2) as tf.Scalar;
    });
  }
}

function standardized(map: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w] = map.shape;
  const centered = tf.sub<tf.Tensor4D>(map, tf.mean(map, [0, 1, 2]));
  const variance = tf.div(tf.sum(tf.square(centered), [0, 1, 2]), n * h * w - 1);
  // at a constant channel the gradient of the root is 0, as torch's of std
  return tf.div(centered, tf.add(tf.sqrt(tf.maximum(variance, 1e-30)), 1e-6));
}

export const pkdLossDefinition = defineModule({
  kind: 'loss',
  type: 'PKDLoss',
  summary: "1 minus the correlation of a student's channels with its teacher's",
  paper:
    'Cao et al., PKD: General Distillation Framework for Object Detectors via Pearson Correlation Coefficient, NeurIPS 2022',
  shapes: 'maps [N, H, W, C] of student and teacher -> scalar',
  example: "{ type: 'PKDLoss', loss_weight: 6 }",
  options: z.strictObject({
    loss_weight: lossWeightOption,
    resize_stu: z
      .boolean()
      .default(true)
      .describe("Of maps of two sizes, the student's is brought to the teacher's; else the teacher's to the student's"),
  }),
  build: (options) => new PKDLoss(options),
});
