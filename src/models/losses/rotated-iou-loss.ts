// RotatedIoULoss: 1 minus the IoU of rotated boxes, of its square, or minus its logarithm (Zhou et al., IoU Loss for 2D/3D Object
// Detection, 3DV 2019; MMRotate). The common area and its derivatives are exact, in double precision, on the CPU: see
// geometry/rotated-overlaps.ts. Below `eps` the IoU has no gradient, as in MMRotate, nor have targets.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ROTATED } from '../../geometry/rotated-boxes';
import { rotatedIntersectionGradient } from '../../geometry/rotated-overlaps';
import { BoxLoss, type BoxLossOptions, boxLossOptions } from './box-loss';

interface Options extends BoxLossOptions {
  mode: 'linear' | 'square' | 'log';
}

/** IoUs of n pairs of boxes [n, 5], and their derivatives by the numbers of the first [n, 5]. */
function overlapsWithGradients(a: Float32Array, b: Float32Array): { overlaps: Float32Array; gradients: Float32Array } {
  const overlaps = new Float32Array(a.length / ROTATED);
  const gradients = new Float32Array(a.length);
  for (let i = 0; i < overlaps.length; i++) {
    const [box, other] = [a, b].map((boxes) => boxes.subarray(ROTATED * i, ROTATED * (i + 1)));
    const { area, gradient } = rotatedIntersectionGradient(box, other);
    const whole = box[2] * box[3] + other[2] * other[3];
    const union = whole - area;
    overlaps[i] = area / union;
    const ofArea = [0, 0, box[3], box[2], 0];
    for (let k = 0; k < ROTATED; k++)
      gradients[ROTATED * i + k] = (whole * gradient[k] - area * ofArea[k]) / (union * union);
  }
  return { overlaps, gradients };
}

/** IoU of n pairs of boxes [n]. Differentiable in the first. */
export function rotatedIoU(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor1D {
  const others = target.dataSync<'float32'>();
  const compute = tf.customGrad((...given: unknown[]) => {
    const [boxes, save] = given as [tf.Tensor2D, (tensors: tf.Tensor[]) => void];
    const { overlaps, gradients } = overlapsWithGradients(boxes.dataSync<'float32'>(), others);
    save([tf.tensor2d(gradients, boxes.shape)]);
    return {
      value: tf.tensor1d(overlaps),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0], tf.expandDims(dy, 1)),
    };
  });
  return compute(prediction) as tf.Tensor1D;
}

export class RotatedIoULoss extends BoxLoss<Options> {
  protected override pairwise(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
    const { eps, mode } = this.options;
    if (prediction.shape[1] !== ROTATED || target.shape[1] !== ROTATED)
      throw new Error(`expected boxes of ${ROTATED} numbers`);
    const overlaps = tf.clipByValue(rotatedIoU(prediction, target), eps, Number.POSITIVE_INFINITY);
    if (mode === 'log') return tf.neg(tf.log(overlaps));
    return tf.sub(1, mode === 'square' ? tf.square(overlaps) : overlaps);
  }
}

export const rotatedIoULossDefinition = defineModule({
  kind: 'loss',
  type: 'RotatedIoULoss',
  summary: 'One minus the IoU of rotated boxes',
  paper: 'Zhou et al., IoU Loss for 2D/3D Object Detection, 3DV 2019 (MMRotate)',
  shapes: 'boxes [n, 5] and [n, 5] (center, sides, angle) -> scalar',
  example: "{ type: 'RotatedIoULoss', mode: 'linear', loss_weight: 2 }",
  options: z.strictObject({
    ...boxLossOptions(),
    mode: z
      .enum(['linear', 'square', 'log'])
      .default('log')
      .describe('What is lost of the IoU: 1 - IoU, 1 - IoU^2 or -log(IoU)'),
    linear: z.boolean().default(false).describe("The same as mode: 'linear'"),
  }),
  build: ({ linear, ...options }) => new RotatedIoULoss(linear ? { ...options, mode: 'linear' } : options),
});
