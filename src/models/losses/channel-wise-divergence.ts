// ChannelWiseDivergence (Shu et al., Channel-wise Knowledge Distillation for Dense Prediction, ICCV 2021): every channel of a map
// is a distribution over its pixels; the divergence of the student's from the teacher's, averaged over images and channels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { FeatureLoss } from './feature-loss';
import { lossWeightOption } from './loss';

export class ChannelWiseDivergence implements FeatureLoss {
  readonly compares = ['preds_S', 'preds_T'] as const;

  constructor(private readonly options: { tau: number; loss_weight: number }) {}

  /** Maps [N, H, W, C] of student and teacher. @throws DetLabError where they differ in shape */
  forward(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
    const { tau, loss_weight } = this.options;
    if (student.shape.join() !== teacher.shape.join())
      throw new DetLabError(
        `Cannot compute ChannelWiseDivergence: expected maps of one shape, received [${student.shape}] of the student and ` +
          `[${teacher.shape}] of the teacher. Bring the student's to the teacher's channels by a ConvModuleConnector`,
      );
    return tf.tidy(() => {
      const [n, h, w, c] = student.shape;
      const scores = (map: tf.Tensor) => tf.transpose(tf.reshape(tf.div(map, tau), [n, h * w, c]), [0, 2, 1]); // [N, C, H W]
      const [ofStudent, ofTeacher] = [scores(student), scores(teacher)];
      const difference = tf.sub(tf.logSoftmax(ofTeacher), tf.logSoftmax(ofStudent));
      const divergence = tf.sum(tf.mul(tf.softmax(ofTeacher), difference));
      return tf.mul(divergence, (loss_weight * tau ** 2) / (c * n)) as tf.Scalar;
    });
  }
}

export const channelWiseDivergenceDefinition = defineModule({
  kind: 'loss',
  type: 'ChannelWiseDivergence',
  summary: "Divergence of a student's channels, as distributions over the pixels, from its teacher's",
  paper: 'Shu et al., Channel-wise Knowledge Distillation for Dense Prediction, ICCV 2021',
  shapes: 'maps [N, H, W, C] of student and teacher -> scalar',
  example: "{ type: 'ChannelWiseDivergence', tau: 1, loss_weight: 5 }",
  options: z.strictObject({
    tau: z.number().positive().default(1).describe('Temperature: the higher, the more of the darker pixels counts'),
    loss_weight: lossWeightOption,
  }),
  build: (options) => new ChannelWiseDivergence(options),
});
