// OksLoss: one minus the similarity of keypoints to those of an object, in the size of its box and in sigmas, how exactly people place
// each keypoint (Maji et al., YOLO-Pose, CVPRW 2022; MMYOLO). The size is the diagonal of the box, as in MMYOLO, not the root of the
// area as in COCO's evaluation.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { poseMetainfoOption, type Skeleton, skeletonOf } from '../../geometry/skeleton';
import { Module, type Parameter } from '../../nn';
import { type Loss, type LossCall, lossWeightOption } from './loss';
import { weightReduceLoss } from './weight-reduce-loss';

export interface OksCall extends LossCall {
  /** Visibility of each keypoint [P, K], 0 to 1; default: all are visible. */
  visible?: tf.Tensor;
  /** The boxes of the objects, xyxy [P, 4]; default: distances are in pixels. */
  bboxes?: tf.Tensor;
}

export class OksLoss extends Module implements Loss {
  /** Saved with the weights, as in MMYOLO's checkpoints. */
  private readonly sigmas?: Parameter<tf.Rank.R1>;

  constructor(
    private readonly lossWeight: number,
    sigmas?: Skeleton['sigmas'],
  ) {
    super();
    if (!sigmas) return;
    const values = Float32Array.from(sigmas);
    this.sigmas = this.addBuffer('sigmas', [values.length], () => values);
    // an assigner's is asked before the weights of a model are initialised, or without any
    tf.tidy(() => this.sigmas!.variable.assign(tf.tensor1d(values)));
  }

  /** Number of keypoints that it compares; undefined: any. */
  get keypoints(): number | undefined {
    return this.sigmas?.variable.shape[0];
  }

  currentSigmas(): Float32Array | undefined {
    return this.sigmas?.variable.dataSync<'float32'>();
  }

  /** Keypoints x, y [P, K, 2] of both; the loss of each of the P before it is reduced. */
  forward(prediction: tf.Tensor, target: tf.Tensor, { visible, bboxes, ...call }: OksCall = {}): tf.Tensor {
    const [rows, count] = prediction.shape;
    const weights = visible ?? tf.ones([rows, count]);
    const squares = tf.sum(tf.square(tf.sub(prediction, target)), -1); // [P, K]
    // in the exponent alone: unlike the distance, its square has a gradient where they meet
    const sigmas = this.sigmas ? tf.square(this.sigmas.variable) : tf.scalar(1);
    let scaled = tf.div(squares, sigmas);
    if (bboxes) {
      const sides = tf.sub(bboxes.slice([0, 2], [-1, 2]), bboxes.slice([0, 0], [-1, 2]));
      scaled = tf.div(scaled, tf.square(tf.maximum(tf.norm(sides, 'euclidean', -1, true), 1e-8)));
    }
    const similarity = tf.div(
      tf.sum(tf.mul(tf.exp(tf.mul(scaled, -0.5)), weights), -1),
      tf.maximum(tf.sum(weights, -1), 1e-8),
    );
    return tf.mul(weightReduceLoss(tf.sub(1, similarity), { reduction: 'mean', ...call }), this.lossWeight);
  }
}

export const oksLossDefinition = defineModule({
  kind: 'loss',
  type: 'OksLoss',
  summary: 'One minus the object keypoint similarity, which is relative to the size of the box',
  paper: 'Maji et al., YOLO-Pose: Enhancing YOLO for Multi Person Pose Estimation Using OKS Loss, CVPRW 2022',
  shapes: 'keypoints [P, K, 2] and those of objects [P, K, 2], visibility [P, K], boxes [P, 4] -> scalar',
  example: "{ type: 'OksLoss', metainfo: 'configs/_base_/pose/coco.py', loss_weight: 30 }",
  options: z.strictObject({
    metainfo: poseMetainfoOption
      .default(null)
      .describe(
        "What the keypoints are, for their sigmas: 'configs/_base_/pose/coco.py' is COCO's person, or MMPose's dataset_info; null: all sigmas are 1",
      ),
    loss_weight: lossWeightOption,
  }),
  build: ({ metainfo, loss_weight }, { path }) =>
    new OksLoss(loss_weight, metainfo === null ? undefined : skeletonOf(metainfo, `${path}.metainfo`).sigmas),
});
