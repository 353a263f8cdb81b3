// FreeAnchorRetinaHead: RetinaNet whose objects choose among the anchors that overlap them most, by the likelihood that one of them
// both classifies and places the object (Zhang et al., FreeAnchor, NeurIPS 2019). The loss is the assignment.
// N images, T anchors over all levels, C classes, G ground-truth boxes, K anchors in the bag of each.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { bboxOverlaps, takeBoxes } from '../../geometry/boxes';
import { meanOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { topIndices } from '../../ops/top-indices';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { joinArrays } from '../join-arrays';
import { zeroLoss } from '../losses';
import { atLeast } from '../losses/box-pair';
import { logLikelihood } from '../losses/log-likelihood';
import type { Instances } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import type { DenseOutputs } from './dense-outputs';
import { imageRows } from './image-rows';
import { RetinaHead, type RetinaHeadConfig, retinaOptions } from './retina-head';

const own = {
  pre_anchor_topk: z
    .int()
    .positive()
    .default(50)
    .describe('Number K of anchors in the bag of an object: those of highest IoU'),
  bbox_thr: z.number().min(0).max(1).default(0.6).describe('IoU up to which a predicted box is background'),
  gamma: z.number().default(2).describe('Focusing parameter gamma of the negative loss'),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Weight of the positive loss; 1 - alpha is that of the negative one'),
};
const options = z.strictObject({ ...retinaOptions, ...own });
export type FreeAnchorRetinaHeadConfig = RetinaHeadConfig & Pick<z.output<typeof options>, keyof typeof own>;

export class FreeAnchorRetinaHead extends RetinaHead<FreeAnchorRetinaHeadConfig> {
  constructor(config: FreeAnchorRetinaHeadConfig, context: BuildContext) {
    super(config, context);
    if (!this.lossCls.useSigmoid)
      throw new DetLabError(
        `Cannot build FreeAnchorRetinaHead at ${context.path}: expected loss_cls with use_sigmoid: true, its probabilities are ` +
          'those of independent classes',
      );
  }

  protected override trainingLosses(outputs: DenseOutputs<AnchorMaps>, { samples }: DetBatch): Losses {
    const { pre_anchor_topk, alpha, gamma } = this.config;
    const images = samples.map(({ truths, meta }) => this.instances(truths, meta.imgPath));
    const objects = images.reduce((sum, { labels }) => sum + labels.length, 0);
    const logits = outputs.flat('scores'); // [N, T, C]
    const probabilities = tf.sigmoid(logits);
    const free = tf.sub(1, tf.tensor(this.boxProbabilities(outputs, images), logits.shape));
    // a probability of 0 would have no gradient
    const background = tf.clipByValue(tf.mul(probabilities, free), 1e-12, 1);
    const negative = tf.neg(tf.sum(tf.mul(tf.pow(background, gamma), logLikelihood(tf.neg(background), 'log1p'))));
    const negativeFactor = meanOverRanks(objects * pre_anchor_topk, 1);
    const positiveFactor = meanOverRanks(objects, 1);
    return {
      positive_bag_loss:
        objects === 0
          ? zeroLoss(this)
          : tf.div<tf.Scalar>(this.bagLoss(probabilities, outputs, images), positiveFactor / alpha),
      negative_bag_loss: tf.div<tf.Scalar>(negative, negativeFactor / (1 - alpha)),
    };
  }

  /** How likely each prediction places an object of each class [N * T * C]: its IoU, from bbox_thr to the best of the object. */
  private boxProbabilities(outputs: DenseOutputs<AnchorMaps>, images: readonly Instances[]): Float32Array {
    const total = outputs.flat('scores').shape[1];
    const decoded = stopGradient(this.boxes(outputs)).dataSync<'float32'>();
    return joinArrays(
      images.map(({ bboxes, labels }, i) => {
        const out = new Float32Array(total * this.numClasses);
        const overlaps = bboxOverlaps(bboxes, imageRows(decoded, i, images.length)); // [G, T]
        const threshold = Math.fround(this.config.bbox_thr);
        for (const [g, label] of labels.entries()) {
          const row = imageRows(overlaps, g, labels.length);
          const span = row.reduce((best, v) => Math.max(best, v), 0) - threshold;
          if (span <= 0) continue;
          for (let t = 0; t < total; t++) {
            const share = Math.min(Math.max(Math.fround(row[t] - threshold) / span, 0), 1);
            const at = t * this.numClasses + label;
            if (share > out[at]) out[at] = share;
          }
        }
        return out;
      }),
    );
  }

  /** -log of the mean of P(class) * P(box) over each bag, which its best anchors dominate; the sum over objects. */
  private bagLoss(
    probabilities: tf.Tensor3D,
    outputs: DenseOutputs<AnchorMaps>,
    images: readonly Instances[],
  ): tf.Scalar {
    const { pre_anchor_topk: bag } = this.config;
    const anchors = this.coderPriors(outputs.sizes);
    const total = anchors.length / 4;
    const size = Math.min(bag, total);
    const members = images.map(({ bboxes, labels }) =>
      Array.from(labels, (_, g) => topIndices(bboxOverlaps(takeBoxes(bboxes, [g]), anchors), size)),
    );
    const rows = Int32Array.from(
      members.flatMap((bags, i) => bags.flatMap((ofBag) => Array.from(ofBag, (t) => i * total + t))),
    );
    const classes = images.flatMap(({ labels }) => [...labels]);
    const places = Array.from(rows).flatMap((row, k) => [row, classes[Math.floor(k / size)]]);
    const flat = probabilities.reshape<tf.Tensor2D>([-1, this.numClasses]);
    const cls = tf.gatherND(flat, tf.tensor2d(places, [rows.length, 2], 'int32')).reshape<tf.Tensor2D>([-1, size]); // [G, K]
    const targets = joinArrays(
      members.flatMap((bags, i) =>
        bags.map((indices, g) =>
          this.coder.encode(
            takeBoxes(anchors, indices),
            takeBoxes(
              images[i].bboxes,
              indices.map(() => g),
            ),
          ),
        ),
      ),
    );
    const columns = this.coder.encodeSize;
    const predicted = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, columns]), tf.tensor1d(rows, 'int32'));
    const each = this.lossBbox.forward(predicted, tf.tensor2d(targets, [rows.length, columns]), { reduction: 'none' });
    const box = tf.exp(tf.neg(each.rank === 2 ? tf.sum(each, 1) : each)).reshape<tf.Tensor2D>([-1, size]);
    const joint = tf.mul(cls, box);
    const weight = tf.div(1, atLeast(tf.sub(1, joint), 1e-12));
    const mean = tf.div(tf.sum(tf.mul(weight, joint), 1), tf.sum(weight, 1)); // [G]
    return tf.neg<tf.Scalar>(tf.sum<tf.Scalar>(logLikelihood(mean)));
  }
}

export const freeAnchorRetinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FreeAnchorRetinaHead',
  summary: 'RetinaNet whose objects choose their anchors by likelihood while they learn',
  paper: 'Zhang et al., FreeAnchor: Learning to Match Anchors for Visual Object Detection, NeurIPS 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'FreeAnchorRetinaHead', num_classes: 80, stacked_convs: 4, loss_bbox: { type: 'SmoothL1Loss', beta: 0.11, loss_weight: 0.75 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('FreeAnchorRetinaHead', given, context),
  build: (given, context) => new FreeAnchorRetinaHead(given as FreeAnchorRetinaHeadConfig, context),
});
