// YOLOXPoseHead: YOLOX whose points also have keypoints, offsets from them, trained by their similarity to those of objects (YOLOX-Pose
// of MMYOLO, after Maji et al., YOLO-Pose, CVPRW 2022). Without a visible keypoint the losses of keypoints are 0, where MMYOLO's are
// NaN. Its keypoints stay in the letter box; here they leave the padding as the boxes do, and all that are kept by NMS have theirs.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeKeypoints } from '../../geometry/keypoints';
import { exactly } from '../../ops/exactly';
import { OksLoss, zeroLoss } from '../losses';
import type { AssignerOffer } from '../task-modules';
import { PoseSimOTAAssigner } from '../task-modules/assigners/pose-sim-ota-assigner';
import type { DetBatch, LossContext, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { selectYoloDetections, type YOLOTestCfg } from './decode-yolo-detections';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { MMYOLOYOLOXHead, mmyoloYOLOXOptions } from './mmyolo-yolox-head';
import type { DecodedCandidates, Selection } from './selection';
import type { YOLOXMaps } from './yolox-base-head';
import { YOLOXPoseHeadModule } from './yolox-pose-head-module';

const options = z.strictObject({
  ...mmyoloYOLOXOptions,
  loss_pose: moduleOption('loss').describe('OksLoss: the loss of keypoints'),
});
export type YOLOXPoseHeadConfig = z.output<typeof options>;
type Maps = 'offsets' | 'visible';
type Outputs = DenseOutputs<YOLOXMaps | Maps>;

export class YOLOXPoseHead extends MMYOLOYOLOXHead<Maps> {
  private readonly lossPose: OksLoss;
  private readonly keypoints: number;

  constructor(config: YOLOXPoseHeadConfig, context: BuildContext) {
    super(config, context, ['offsets', 'visible']);
    const { registry, path } = context;
    if (!(this.module instanceof YOLOXPoseHeadModule))
      throw new DetLabError(
        `Cannot use ${config.head_module.type} in YOLOXPoseHead at ${path}.head_module. Use YOLOXPoseHeadModule`,
      );
    this.keypoints = this.module.numKeypoints;
    this.lossPose = this.addChild(
      'loss_pose',
      this.oksLoss(registry.build('loss', config.loss_pose, { path: `${path}.loss_pose` }), `${path}.loss_pose`),
    );
    if (this.assigner instanceof PoseSimOTAAssigner)
      this.addChild(
        'assigner_oks_calculator',
        this.oksLoss(this.assigner.oks, `${path}.train_cfg.assigner.oks_calculator`),
      );
  }

  private oksLoss(loss: object, where: string): OksLoss {
    if (!(loss instanceof OksLoss))
      throw new DetLabError(`Cannot use ${loss.constructor.name} as ${where}: expected OksLoss`);
    const { keypoints = this.keypoints } = loss;
    if (keypoints === this.keypoints) return loss;
    throw new DetLabError(
      `Cannot use ${where}: its metainfo has ${keypoints} keypoints, the head predicts ${this.keypoints}. Set num_keypoints of ` +
        'the head module, or metainfo, to those of the dataset',
    );
  }

  protected override get name(): string {
    return 'YOLOXPoseHead';
  }

  protected override get columns(): Record<YOLOXMaps | Maps, number> {
    return { ...super.columns, offsets: 2 * this.keypoints, visible: this.keypoints };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'boxes', 'keypoints'] };
  }

  /** x, y of the keypoints of all points [N, T, K, 2], in pixels. */
  private points(outputs: Outputs): tf.Tensor4D {
    const flat = outputs.once('points', () => {
      const offsets = outputs.flat('offsets');
      const [images, total] = offsets.shape;
      const priors = tf.tensor2d(this.priorCache.of(outputs.sizes), [total, 4]);
      const [corners, strides] = [priors.slice([0, 0], [-1, 2]), priors.slice([0, 2], [-1, 2])];
      const shaped = offsets.reshape([images, total, this.keypoints, 2]);
      return tf.add(tf.mul(shaped, strides.expandDims(1)), corners.expandDims(1)).reshape(offsets.shape);
    });
    const [images, total] = flat.shape;
    return flat.reshape([images, total, this.keypoints, 2]);
  }

  protected override predictions(outputs: Outputs): ComputedParts {
    return {
      ...super.predictions(outputs),
      keypoints: () => {
        const visible = outputs.flat('visible').expandDims(-1);
        return tf
          .concat([this.points(outputs), visible], -1)
          .reshape([visible.shape[0], visible.shape[1]!, 3 * this.keypoints]);
      },
    };
  }

  protected override trainingLosses(outputs: Outputs, batch: DetBatch, context: LossContext): Losses {
    const targets = this.targets(outputs, batch, context);
    const visible = outputs.flat('visible');
    const truths = this.keypointTargets(targets, batch);
    const count = truths.reduce((sum, v, i) => (i % 3 === 2 && v > 0 ? sum + 1 : sum), 0);
    const losses = this.losses(outputs, targets);
    const n = targets.positives.length;
    if (count === 0) return { ...losses, loss_kpt: zeroLoss(outputs.flat('offsets')), loss_vis: zeroLoss(visible) };
    const rows = tf.tensor1d(targets.positives, 'int32');
    const table = tf.tensor3d(truths, [n, this.keypoints, 3]);
    const seen = tf.cast(tf.greater(table.slice([0, 0, 2], [-1, -1, 1]).reshape([n, this.keypoints]), 0), 'float32');
    const predicted = tf.gather(this.points(outputs).reshape([-1, this.keypoints, 2]), rows);
    const logits = tf.gather(visible.reshape<tf.Tensor2D>([-1, this.keypoints]), rows);
    return {
      ...losses,
      loss_kpt: this.lossPose.forward(predicted, table.slice([0, 0, 0], [-1, -1, 2]), {
        visible: seen,
        bboxes: tf.tensor2d(targets.boxes, [n, 4]),
      }) as tf.Scalar,
      loss_vis: tf.div(this.lossFns.cls.forward(logits, seen), count) as tf.Scalar,
    };
  }

  /** Keypoints of the objects of all positives [P, K, 3]. */
  private keypointTargets({ images, positives }: BatchTargets, { samples }: DetBatch): Float32Array {
    const out = new Float32Array(positives.length * 3 * this.keypoints);
    let at = 0;
    for (const [i, { truths }] of images.entries()) {
      const { keypoints } = this.instances(samples[i].truths, samples[i].meta.imgPath);
      if (!keypoints)
        throw new DetLabError(
          `Cannot train YOLOXPoseHead on "${samples[i].meta.imgPath}": it has no keypoints. Use PoseCocoDataset, ` +
            'or dataset.coco with keypoints: true, and set with_keypoints: true in LoadAnnotations',
        );
      const { points } = takeKeypoints(keypoints, truths);
      out.set(points, at);
      at += points.length;
    }
    return out;
  }

  override get selection(): Selection {
    return { ...super.selection, keypoints: this.keypoints };
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    return { ...super.decodedCandidates(features, outputs), parts: { keypoints: this.scoredPoints(outputs) } };
  }

  /** x, y and score of the keypoints of all points [N, T, 3 K]. */
  private scoredPoints(outputs: Outputs): tf.Tensor3D {
    return exactly(() => {
      const points = this.points(outputs);
      const [images, total] = points.shape;
      const probabilities = tf.sigmoid(outputs.flat('visible')).expandDims(-1);
      return tf.concat([points, probabilities], -1).reshape([images, total, 3 * this.keypoints]);
    });
  }

  protected override detect(outputs: Outputs, batch: DetBatch, cfg: YOLOTestCfg, rescale: boolean): Detections[] {
    const found = this.selectEach(outputs, batch, (candidates, meta) =>
      selectYoloDetections(candidates, meta, cfg, rescale),
    );
    const all = this.scoredPoints(outputs).dataSync<'float32'>();
    const size = all.length / found.length;
    return found.map(({ detections, priors }, image) => {
      const own = all.subarray(image * size, (image + 1) * size);
      return { ...detections, keypoints: this.keypointsOf(own, priors, batch.samples[image].meta, rescale) };
    });
  }

  /** x, y and score of the keypoints of the points at `priors` [n, K, 3]. */
  private keypointsOf(all: Float32Array, priors: Int32Array, meta: ImageMeta, rescale: boolean): Float32Array {
    const width = 3 * this.keypoints;
    const [top, , left] = meta.padParam ?? [0, 0, 0, 0];
    const [x, y] = meta.scaleFactor.map(Math.fround);
    const out = new Float32Array(priors.length * width);
    for (const [k, prior] of priors.entries()) out.set(all.subarray(prior * width, (prior + 1) * width), k * width);
    if (!rescale) return out;
    return out.map((v, i) => (i % 3 === 0 ? (v - left) / x : i % 3 === 1 ? (v - top) / y : v));
  }
}

export const yoloxPoseHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOXPoseHead',
  summary:
    'The YOLOX head of MMYOLO with keypoints: each point has offsets of the keypoints of its object, and whether they are visible',
  paper: 'Maji et al., YOLO-Pose, CVPRW 2022 (YOLOX-Pose of MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and keypoints [n, K, 3]',
  example:
    "{ type: 'YOLOXPoseHead', head_module: { type: 'YOLOXPoseHeadModule', num_classes: 80, num_keypoints: 17, in_channels: 256, featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] }, loss_pose: { type: 'OksLoss', metainfo: 'configs/_base_/pose/coco.py', loss_weight: 30 } }",
  options,
  build: (given, context) => new YOLOXPoseHead(given, context),
});
