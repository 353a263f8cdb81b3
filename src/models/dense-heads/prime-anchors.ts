// Prime Sample Attention of dense heads (Cao et al., CVPR 2020): positives weighted by the rank of their predicted boxes (ISR-P), and
// the box loss weighted by the scores (CARL).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { takeBoxes } from '../../geometry/boxes';
import { type Loss, zeroLoss } from '../losses';
import type { BoxCoder } from '../task-modules';
import { carlLoss, importanceWeights } from '../task-modules/prime-samples';
import type { BatchTargets } from './batch-targets';

const mapping = (k: number, bias: number) => ({
  k: z.number().default(k).describe('Power of the mapping from importance to weight'),
  bias: z.number().default(bias).describe('Weight of a sample without importance'),
});
/** What PISA's heads read of `train_cfg` besides. */
export const primeTrainCfgOptions = {
  isr: z.strictObject(mapping(2, 0)).nullish().describe('Positives are weighted by the rank of their IoU (ISR-P)'),
  carl: z
    .strictObject(mapping(1, 0.2))
    .nullish()
    .describe('Classification-aware regression loss, whose gradient reaches the scores'),
};
const schema = z.strictObject(primeTrainCfgOptions);
export type PrimeTrainCfg = z.output<typeof schema>;

export interface PrimeAnchors {
  /** Logits [N, T, K], codes of boxes [N, T, 4]. */
  scores: tf.Tensor3D;
  deltas: tf.Tensor3D;
  /** Anchors of one image, flat xyxy. */
  priors: Float32Array;
  coder: BoxCoder;
  sigmoid: boolean;
  /** Classification loss that importance is normalised by, and the box loss that is weighted by scores. */
  lossCls: Loss;
  lossBbox: Loss;
}

/** The targets with weights by importance, and `loss_carl`. */
export function primeAnchors(
  { scores, deltas, priors, coder, sigmoid, lossCls, lossBbox }: PrimeAnchors,
  targets: BatchTargets,
  { isr, carl }: PrimeTrainCfg,
): { targets: BatchTargets; losses: { loss_carl?: tf.Scalar } } {
  const { positives, images, rows, boxes, avgFactor } = targets;
  if (positives.length === 0) return { targets, losses: carl ? { loss_carl: zeroLoss(scores) } : {} };
  const [, total, classes] = scores.shape;
  const of = (x: tf.Tensor3D) =>
    tf.gather(x.cast('float32').reshape<tf.Tensor2D>([-1, x.shape[2]]), tf.tensor1d(positives, 'int32'));
  const [logits, codes] = [of(scores), of(deltas)];
  const labels = Int32Array.from(images.flatMap((image) => [...image.labels]));
  let weighted = targets;
  if (isr) {
    let before = 0;
    const truths = images.flatMap((image) => {
      const first = before;
      before += image.numTruths;
      return Array.from(image.truths, (t) => first + t);
    });
    const anchors = takeBoxes(
      priors,
      positives.map((row) => row % total),
    );
    const values = lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { reduction: 'none' }).dataSync<'float32'>();
    const each = values.length / positives.length;
    // the rows of the positives are the first where some are sampled
    const at = (i: number) => (rows ? i : positives[i]);
    const important = importanceWeights(
      {
        labels,
        truths,
        predicted: coder.decode(anchors, codes.dataSync<'float32'>()),
        targets: coder.decode(anchors, boxes),
        weights: Float32Array.from(positives, (_, i) => targets.labelWeights[at(i)]),
        losses: Float32Array.from(positives, (_, i) =>
          values.subarray(i * each, (i + 1) * each).reduce((sum, v) => sum + v, 0),
        ),
      },
      isr,
    );
    const labelWeights = targets.labelWeights.slice();
    important.forEach((w, i) => {
      labelWeights[at(i)] = w;
    });
    weighted = { ...targets, labelWeights };
  }
  if (!carl) return { targets: weighted, losses: {} };
  const likely = sigmoid ? tf.sigmoid(logits) : tf.softmax(logits);
  const chosen = labels.map((label, i) => i * classes + label);
  const ofClass = tf.gather(likely.reshape<tf.Tensor1D>([-1]), tf.tensor1d(chosen, 'int32'));
  const target = tf.tensor2d(boxes, [positives.length, 4]);
  const loss = lossBbox.forward(codes, target, { reduction: 'none' }) as tf.Tensor2D;
  return { targets: weighted, losses: { loss_carl: carlLoss(ofClass, loss, { ...carl, avgFactor }) } };
}
