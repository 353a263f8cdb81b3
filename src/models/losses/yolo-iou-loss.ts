// MMYOLO's IoULoss: ciou (with the aspect-ratio term at any IoU, as in YOLOv5), giou or siou, of boxes given as corners or
// as center and size. It is built as `IoULoss` with `iou_mode`, `bbox_format` or `return_iou`.

import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../../ops';
import { BoxLoss, type BoxLossOptions } from './box-loss';
import { area, atLeast, type BoxPair, boxPair } from './box-pair';
import { ratioDifference } from './ciou-loss';
import { centerDistance } from './diou-loss';
import type { LossCall } from './loss';
import { siouCost } from './siou-loss';

export type YOLOIoULossOptions = BoxLossOptions & {
  iou_mode: 'ciou' | 'siou' | 'giou';
  bbox_format: 'xywh' | 'xyxy';
};

export class YOLOIoULoss extends BoxLoss<YOLOIoULossOptions> {
  /** The loss and, without a gradient, the measure of each pair [n]: MMYOLO's `return_iou`. */
  withOverlaps(prediction: tf.Tensor2D, target: tf.Tensor2D, call: LossCall = {}): [tf.Tensor, tf.Tensor1D] {
    const overlaps = this.overlaps(prediction, target);
    return [this.reduced(tf.sub(1, overlaps), call), stopGradient(overlaps)];
  }

  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    return tf.sub(1, this.overlaps(prediction, target));
  }

  /** The measure itself, [n], in -1 .. 1. */
  overlaps(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor1D {
    const { iou_mode, bbox_format, eps } = this.options;
    const corners = bbox_format === 'xywh' ? fromCentres : (x: tf.Tensor2D) => x;
    const pair = boxPair(corners(prediction), corners(target), (union) => tf.add(union, eps));
    const measure = { ciou, giou, siou }[iou_mode](pair, eps);
    return tf.clipByValue(measure, -1, 1) as tf.Tensor1D;
  }
}

/** Centre and size -> corners. */
function fromCentres(boxes: tf.Tensor2D): tf.Tensor2D {
  const [center, size] = tf.split(boxes, 2, -1);
  const half = tf.mul(size, 0.5);
  return tf.concat([tf.sub(center, half), tf.add(center, half)], -1) as tf.Tensor2D;
}

function ciou(pair: BoxPair, eps: number): tf.Tensor {
  const sides = (size: tf.Tensor2D): [tf.Tensor, tf.Tensor] => {
    const [w, h] = tf.unstack(size, -1);
    return [w, tf.add(h, eps)];
  };
  const v = ratioDifference(sides(pair.size), sides(pair.truthSize));
  const alpha = stopGradient(tf.div(v, tf.add(tf.sub(v, pair.iou), 1 + eps)));
  return tf.sub(pair.iou, tf.add(centerDistance(pair, eps), tf.mul(alpha, v)));
}

function giou({ iou, union, enclosing }: BoxPair, eps: number): tf.Tensor {
  const around = tf.add(area(enclosing), eps);
  return tf.sub(iou, tf.div(tf.sub(around, union), around));
}

function siou(pair: BoxPair, eps: number): tf.Tensor {
  const shift = tf.add(pair.shift, eps);
  const distance = tf.div(shift, atLeast(pair.enclosing, eps)); // MMYOLO: infinity for two points
  const heightened = (size: tf.Tensor2D) => tf.add(size, [0, eps]);
  return tf.sub(
    pair.iou,
    siouCost(shift, distance, [heightened(pair.size), heightened(pair.truthSize)], { neg_gamma: true }),
  );
}
