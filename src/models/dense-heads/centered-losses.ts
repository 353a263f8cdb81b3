// The losses of ATSS besides that of the classes: boxes in pixels, each weighted by its centerness, and the centerness (Zhang et
// al., CVPR 2020).

import * as tf from '@tensorflow/tfjs';
import { meanOverRanks } from '../../ops/over-ranks';
import type { Loss } from '../losses';
import type { BoxCoder } from '../task-modules';
import { centerness } from './centerness';

/** P positives among the N * T priors of a batch. */
export interface CenteredLossInput {
  /** Rows of the positives. */
  positives: Int32Array;
  /** Ground-truth boxes [P, 4]. */
  boxes: Float32Array;
  avgFactor: number;
  /** Priors that boxes are coded relative to, and those whose centers count [P, 4]. */
  anchors: Float32Array;
  centers: Float32Array;
  /** Predicted [N, T, 4] and [N, T, 1]. */
  deltas: tf.Tensor;
  logits: tf.Tensor;
  coder: BoxCoder;
  lossBbox: Loss;
  lossCenterness: Loss;
  /** The losses without a positive. */
  zero: () => tf.Scalar;
}

export function centeredLosses(input: CenteredLossInput): { loss_bbox: tf.Scalar; loss_centerness: tf.Scalar } {
  const { positives, boxes, anchors, avgFactor } = input;
  const central = centerness(input.centers, boxes); // [P]
  const sum = meanOverRanks(
    central.reduce((a, b) => a + b, 0),
    1,
  );
  if (positives.length === 0) {
    const zero = input.zero();
    return { loss_bbox: zero, loss_centerness: zero };
  }
  const rows = tf.tensor1d(positives, 'int32');
  const codes = tf.gather(input.deltas.reshape<tf.Tensor2D>([-1, 4]), rows);
  const predicted = input.coder.decodeTensors(anchors, codes);
  const weight = tf.tensor1d(central);
  const bbox = input.lossBbox.forward(predicted, tf.tensor2d(boxes, [positives.length, 4]), { weight, avgFactor: 1 });
  const logits = tf.gather(input.logits.reshape([-1]), rows);
  return {
    loss_bbox: tf.div(bbox, sum) as tf.Scalar,
    loss_centerness: input.lossCenterness.forward(logits, weight, { avgFactor }) as tf.Scalar,
  };
}
