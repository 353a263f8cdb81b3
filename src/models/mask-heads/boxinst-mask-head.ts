// BoxInstMaskHead: CondInst's masks, which learn from boxes (Tian et al., BoxInst, CVPR 2021): their projections to both axes should
// be those of the box, and neighbours in it that look alike should have one label. BoxInstDataPreprocessor gives what looks alike.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { meanOverRanks } from '../../ops/over-ranks';
import { zeroLoss } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import {
  type ComparedMasks,
  CondInstMaskHead,
  type CondInstMaskHeadConfig,
  condInstMaskOptions,
  inferFeatureBranch,
} from './condinst-mask-head';
import { neighbours, pairwiseAffinity } from './pairwise-affinity';

const count = z.number().int().positive();
/** Of the preprocessor too, where they must be equal. */
export const pairwiseOptions = {
  pairwise_size: count
    .refine((n) => n % 2 === 1, 'must be odd')
    .default(3)
    .describe('Side of the window of neighbours'),
  pairwise_dilation: count.default(2).describe('Distance of neighbours, in pixels of the masks'),
};
const options = z.strictObject({
  ...condInstMaskOptions,
  ...pairwiseOptions,
  warmup_iters: count.default(10000).describe('Iterations over which the pairwise loss grows to its weight'),
});
type Config = CondInstMaskHeadConfig &
  Pick<z.output<typeof options>, 'pairwise_size' | 'pairwise_dilation' | 'warmup_iters'>;

export class BoxInstMaskHead extends CondInstMaskHead<Config> {
  /** `loss_mask_project`, `loss_mask_pairwise`. */
  protected override compare(
    compared: readonly ComparedMasks[],
    positives: number,
    batch: DetBatch,
    { iteration }: LossContext,
  ): Losses {
    const parts = compared.map((masks) => {
      const target = this.targets(masks.objects, masks.truths, masks.logits.shape);
      return { project: this.projectionLoss(masks.logits, target), ...this.pairwiseLoss(masks, target, batch) };
    });
    const pairs = meanOverRanks(
      parts.reduce((sum, part) => sum + Math.max(part.pairs, 1), 0),
      1,
    );
    if (parts.length === 0) return { loss_mask_project: zeroLoss(this), loss_mask_pairwise: zeroLoss(this) };
    const warmUp = Math.min(iteration / this.config.warmup_iters, 1);
    return {
      loss_mask_project: tf.div<tf.Scalar>(tf.addN(parts.map(({ project }) => project)), positives),
      loss_mask_pairwise: tf.mul<tf.Scalar>(tf.addN(parts.map(({ pairwise }) => pairwise)), warmUp / pairs),
    };
  }

  /** Of the highest logits of each column and of each row. */
  private projectionLoss(logits: tf.Tensor3D, target: tf.Tensor3D): tf.Scalar {
    const along = (axis: 1 | 2) =>
      tf.sum(this.lossMask.forward(tf.max(logits, axis), tf.max(target, axis), { reduction: 'none' }));
    return tf.add(along(1), along(2));
  }

  /** The sum over neighbours in the boxes that look alike, and how many these are. */
  private pairwiseLoss({ image, logits }: ComparedMasks, target: tf.Tensor3D, { alike }: DetBatch) {
    const { pairwise_size, pairwise_dilation } = this.config;
    const offsets = neighbours(pairwise_size, pairwise_dilation);
    const [, h, w] = logits.shape;
    const pairs = alike?.[image];
    if (pairs?.length !== offsets.length * h * w)
      throw new DetLabError(
        'Cannot compute the pairwise loss of BoxInstMaskHead: expected which neighbours look alike from a ' +
          `BoxInstDataPreprocessor with its pairwise_size and mask_stride, received ${pairs ? `${pairs.length} values` : 'none'}`,
      );
    const sums: tf.Scalar[] = [];
    const counts: tf.Scalar[] = [];
    for (const [k, offset] of offsets.entries()) {
      const plane = tf.tensor3d(Float32Array.from(pairs.subarray(k * h * w, (k + 1) * h * w)), [1, h, w]);
      const inside = tf.mul(target, plane);
      sums.push(tf.sum<tf.Scalar>(tf.mul(pairwiseAffinity(logits, offset), inside)));
      counts.push(tf.sum<tf.Scalar>(inside));
    }
    return { pairwise: tf.addN(sums), pairs: tf.addN(counts).dataSync<'float32'>()[0] };
  }
}

export const boxInstMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'BoxInstMaskHead',
  summary: 'CondInstMaskHead whose masks learn from boxes and from the colours in them',
  paper: 'Tian et al., BoxInst: High-Performance Instance Segmentation with Box Annotations, CVPR 2021',
  shapes: 'feature levels [N, H, W, C] and detections with weights -> detections with masks',
  example:
    "{ type: 'BoxInstMaskHead', feat_channels: 16, mask_feature_head: { in_channels: 256, feat_channels: 128, start_level: 0, end_level: 2, out_channels: 16, mask_stride: 8 }, loss_mask: { type: 'DiceLoss', eps: 5e-6 } }",
  options,
  infer: (given, context) => inferFeatureBranch('BoxInstMaskHead', given, context),
  build: (given: z.output<typeof options>, context: BuildContext) => new BoxInstMaskHead(given as Config, context),
});
