// MaskScoringRoIHead: the second stage of Mask Scoring R-CNN (Huang et al., CVPR 2019). A MaskIoUHead learns the IoU of each
// predicted mask with the object's, and scores are multiplied by it. As in the reference, `mask_thr_binary` of train_cfg cuts logits,
// not probabilities: 0.5 is a probability of 0.62.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { meanOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { joinArrays } from '../join-arrays';
import { zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type { Losses, Proposals, RoIOutputs } from '../types';
import type { StageResult } from './bbox-stage';
import { sharesInside } from './mask-areas';
import { compareMasks, type MaskProbabilities, type MaskTargets, maskTargets, orderTargets } from './mask-branch';
import type { MaskIoUHead } from './mask-heads/mask-iou-head';
import { rcnnTrainCfg, relativesTrainCfg } from './proposal-sampler';
import type { MaskParts } from './roi-head-parts';
import { roisOf, takeRois, unpermute } from './rois';
import { positivesOf, StandardRoIHead, standardOptions } from './standard-roi-head';
import type { MaskHead, StageTraining } from './types';

const options = z.strictObject({
  ...standardOptions,
  mask_iou_head: moduleOption('mask_iou_head').describe('Predicts the IoU of a mask with that of the object'),
  train_cfg: rcnnTrainCfg
    .extend({ mask_thr_binary: relativesTrainCfg.mask_thr_binary })
    .nullish()
    .describe('Training settings, passed down by the detector'),
});
type Options = z.output<typeof options>;

export class MaskScoringRoIHead extends StandardRoIHead<Options> {
  private readonly iouHead: MaskIoUHead;

  constructor(config: Options, context: BuildContext) {
    super(config, context);
    const { registry, path, numClasses } = context;
    if (!this.maskHead)
      throw new DetLabError(`Cannot build MaskScoringRoIHead at ${path}: it has no mask_head, whose masks it scores`);
    const inputs = [(this.maskPooler ?? this.stage.pooler).output];
    const place = { path: `${path}.mask_iou_head`, inputs, numClasses };
    this.iouHead = this.addChild('mask_iou_head', registry.build('mask_iou_head', config.mask_iou_head, place));
  }

  /** `loss_mask`, `loss_mask_iou`. */
  protected override maskLoss(head: MaskHead, result: StageResult, training: StageTraining): Losses {
    const targets = maskTargets(result.sampled, training, this.stage.sampler.cfg);
    const pooler = this.maskPooler?.bind(training.features) ?? positivesOf(result);
    const share = targets.labels.length / meanOverRanks(targets.labels.length, 1);
    if (targets.labels.length === 0) {
      meanOverRanks(0, 1);
      const pooled = pooler.forward(new Float32Array([0, 0, 0, 1, 1]));
      const logits = head.classLogits(pooled, new Int32Array(1));
      return {
        loss_mask: zeroLoss(logits),
        loss_mask_iou: zeroLoss(this.iouHead.forward(pooled, logits, new Int32Array(1))),
      };
    }
    const order = pooler.order(targets.rois);
    const sorted = orderTargets(targets, order);
    const pooled = pooler.forward(sorted.rois);
    const logits = head.classLogits(pooled, sorted.labels);
    const shares = joinArrays(
      result.sampled.map(({ priors, positive, positiveTruth }, i) =>
        sharesInside(training.instances[i].masks!, takeBoxes(priors, positive), positiveTruth),
      ),
    );
    const predicted = this.iouHead.forward(pooled, logits, sorted.labels);
    const loss = compareMasks(head, logits, sorted);
    return {
      loss_mask: share === 1 ? loss : tf.mul<tf.Scalar>(loss, share),
      loss_mask_iou: this.iouLoss(
        predicted,
        this.iouTargets(
          logits,
          sorted,
          Float32Array.from(order, (i) => shares[i]),
        ),
      ),
    };
  }

  /** IoU of the masks, cut at `mask_thr_binary`, with the whole objects, of which the targets show the share in the box. */
  private iouTargets(logits: tf.Tensor3D, { masks, labels, size }: MaskTargets, shares: Float32Array): Float32Array {
    const { mask_thr_binary: threshold } = requireCfg(this.config.train_cfg, 'MaskScoringRoIHead', 'train_cfg');
    return stopGradient(logits, (values) => {
      const predicted = tf.greater(values, threshold).cast<tf.Tensor3D>('float32');
      const truth = tf.tensor3d(masks, [labels.length, ...size]);
      const inBox = tf.sum(truth, [1, 2]);
      const whole = tf.div(inBox, tf.add(tf.tensor1d(shares), 1e-7));
      const overlap = tf.sum(tf.mul(predicted, truth), [1, 2]);
      return tf.div<tf.Tensor1D>(overlap, tf.sub(tf.add(tf.sum(predicted, [1, 2]), whole), overlap));
    }).dataSync<'float32'>();
  }

  /** Over the masks that touch their objects at all. */
  private iouLoss(predicted: tf.Tensor1D, targets: Float32Array): tf.Scalar {
    const rows = Int32Array.from(targets.keys()).filter((i) => targets[i] > 0);
    const avgFactor = meanOverRanks(rows.length, 1);
    if (rows.length === 0) return zeroLoss(predicted);
    const chosen = tf.gather(predicted, tf.tensor1d(rows, 'int32'));
    const target = tf.tensor1d(Float32Array.from(rows, (i) => targets[i]));
    return this.iouHead.loss.forward(chosen, target, { avgFactor }) as tf.Scalar;
  }

  override forward(features: tf.Tensor4D[], proposals: Proposals[]): RoIOutputs {
    const outputs = super.forward(features, proposals);
    const first = proposals[0].bboxes.subarray(0, 400);
    if (first.length > 0) this.predictMasks(this.maskHead!, features, [first], new Int32Array(first.length / 4));
    return outputs;
  }

  protected override predictMasks(
    head: MaskHead,
    features: tf.Tensor4D[],
    boxes: readonly Float32Array[],
    labels: Int32Array,
  ): MaskProbabilities {
    const pooler = this.maskPoolerOn(features);
    const rois = roisOf(boxes);
    const order = pooler.order(rois);
    const classes = order.map((i) => labels[i]);
    const pooled = pooler.forward(takeRois(rois, order));
    const logits = head.classLogits(pooled, classes).cast<tf.Tensor3D>('float32');
    return {
      values: unpermute(tf.sigmoid(logits).dataSync<'float32'>(), order),
      size: [logits.shape[1], logits.shape[2]],
      scoreFactors: unpermute(this.iouHead.forward(pooled, logits, classes).dataSync<'float32'>(), order),
    };
  }

  protected override maskParts(head: MaskHead): MaskParts {
    const { poolers } = super.maskParts(head);
    return {
      poolers,
      predict: ([pooled], labels) => {
        const logits = head.classLogits(pooled, labels);
        return { logits, factors: this.iouHead.forward(pooled, logits, labels) };
      },
    };
  }
}

export const maskScoringRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'MaskScoringRoIHead',
  summary: 'Second stage of Mask Scoring R-CNN: scores are multiplied by the predicted IoU of the masks',
  paper: 'Huang et al., Mask Scoring R-CNN, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'MaskScoringRoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead' },
  mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
  mask_head: { type: 'FCNMaskHead' },
  mask_iou_head: { type: 'MaskIoUHead' },
}`,
  options,
  build: (given, context) => new MaskScoringRoIHead(given, context),
});
