// RFCNBBoxHead: what is left of a head after position-sensitive pooling (Dai et al., R-FCN, NeurIPS 2016): the bins of an RoI vote, scores
// and box deltas are their means. It has no layers.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { BBoxOutputs } from '../types';
import { BBoxHead } from './bbox-head';
import { type BBoxHeadConfig, bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';

const {
  with_avg_pool: _pool,
  with_cls: _cls,
  with_reg: _reg,
  reg_predictor_cfg: _deltas,
  cls_predictor_cfg: _scores,
  ...shared
} = bboxHeadOptions;
const options = z.strictObject({
  ...shared,
  reg_class_agnostic: z.boolean().default(true).describe('Predict one box for all classes in place of one per class'),
});

export class RFCNBBoxHead extends BBoxHead {
  constructor(config: BBoxHeadConfig, context: BuildContext) {
    super(config, context, 'none');
    const expected = this.scoreChannels + this.boxChannels;
    if (config.in_channels !== expected)
      throw new DetLabError(
        `Cannot build RFCNBBoxHead at ${context.path}: expected ${expected} pooled channels, ${this.scoreChannels} scores and ` +
          `${this.boxChannels} box deltas, received ${config.in_channels}. Put it into an RFCNRoIHead, which makes the score maps`,
      );
  }

  /** Columns of the deltas. */
  private get boxChannels(): number {
    return (this.config.reg_class_agnostic ? 1 : this.config.num_classes) * this.coder.encodeSize;
  }

  /** Pooled RoIs [K, h, w, scores + deltas]. */
  override forward(pooled: tf.Tensor4D): BBoxOutputs {
    const votes: tf.Tensor2D = tf.mean(pooled, [1, 2]);
    const [scores, deltas] = tf.split<tf.Tensor2D>(votes, [this.scoreChannels, this.boxChannels], 1);
    return { scores, deltas };
  }
}

export const rfcnBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'RFCNBBoxHead',
  summary: 'Scores and box deltas of RoIs by the votes of their bins',
  paper: 'Dai, Li, He and Sun, R-FCN: Object Detection via Region-based Fully Convolutional Networks, NeurIPS 2016',
  shapes: 'pooled RoIs [K, h, w, classes + 1 + 4] -> scores [K, classes + 1], deltas [K, 4]',
  example: "{ type: 'RFCNBBoxHead', in_channels: 85, num_classes: 80 }",
  options,
  inferred: bboxHeadInferred,
  infer: (given, context) => {
    const whole = { ...given, with_avg_pool: true, with_cls: true, with_reg: true } as BBoxHeadConfig;
    const { in_channels, num_classes, roi_feat_size } = inferBBoxHead('RFCNBBoxHead', whole, context);
    return { ...given, in_channels, num_classes, roi_feat_size };
  },
  build: (given, context) => {
    const linear = { type: 'Linear' } as const;
    const predictors = { with_cls: true, with_reg: true, reg_predictor_cfg: linear, cls_predictor_cfg: linear };
    return new RFCNBBoxHead({ ...given, with_avg_pool: true, ...predictors } as BBoxHeadConfig, context);
  },
});
