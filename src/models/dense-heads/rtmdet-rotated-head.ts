// RTMDetRotatedHead: RTMDet for rotated boxes. Beside the distances of the sides it predicts an angle; points are assigned and boxes
// compared by the IoU of rotated boxes (Lyu et al., RTMDet, 2022; MMYOLO). MMYOLO multiplies the losses of n angles [n, 1] by the
// qualities [n] to n x n products; here each is weighted by its own.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeRows } from '../../geometry/boxes';
import { aroundRotated, ROTATED, scaleRotated, shiftRotated } from '../../geometry/rotated-boxes';
import { type Loss, zeroLoss } from '../losses';
import {
  type AngleCoder,
  type Assigner,
  type AssignerOffer,
  type AssignInput,
  DistancePointBBoxCoder,
  decodeRotated,
} from '../task-modules';
import { angleVersionOption } from '../task-modules/coders/distance-angle-point-coder';
import type { Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import type { BatchTargets } from './batch-targets';
import type { Candidates } from './decode-detections';
import { selectYoloBoxes, type YOLOTestCfg, yoloSelection, yoloTestCfg } from './decode-yolo-detections';
import type { AssignImage, CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { lossBboxOption, testCfgText } from './head-options';
import type { ImageTargets } from './image-targets';
import { MMYOLORTMDetHead, type MMYOLORTMDetHeadConfig, mmyoloRTMDetOptions } from './mmyolo-rtmdet-head';
import { atPositives } from './rtmdet-base-head';
import type { Selection } from './selection';

const testCfg = yoloTestCfg.extend({
  decode_with_angle: z
    .boolean()
    .default(true)
    .describe('Distances are along the axes of the rotated box; false: of the image, and the box is turned afterwards'),
  nms: z
    .strictObject({
      type: z.literal('nms_rotated').describe('Suppression of rotated boxes'),
      iou_threshold: z.number().min(0).max(1).describe('IoU from which the box of lower score is suppressed'),
      class_agnostic: z.boolean().optional().describe('Suppress across classes'),
      split_thr: z.int().optional().describe('Number of boxes from which suppression runs class by class'),
      clockwise: z.literal(true).optional().describe('Only true: angles are clockwise'),
    })
    .describe('Non-maximum suppression within each class'),
});
const options = z.strictObject({
  ...mmyoloRTMDetOptions,
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DistanceAnglePointCoder' })
    .describe('Decodes boxes in prediction; one of upright boxes with decode_with_angle: false'),
  loss_bbox: lossBboxOption({ type: 'RotatedIoULoss', mode: 'linear', loss_weight: 2 }),
  angle_version: angleVersionOption('le90'),
  use_hbbox_loss: z
    .boolean()
    .default(false)
    .describe('Compare boxes without their angles, by a loss of upright boxes; needs loss_angle'),
  angle_coder: moduleOption('angle_coder').default({ type: 'PseudoAngleCoder' }).describe('Encodes angles'),
  loss_angle: moduleOption('loss').nullish().describe('Loss of the encoded angles; none without'),
  test_cfg: testCfg.nullish().describe(testCfgText),
});
export type RTMDetRotatedHeadConfig = z.output<typeof options>;
type TestCfg = z.output<typeof testCfg>;
type Added = Pick<RTMDetRotatedHeadConfig, 'angle_version' | 'use_hbbox_loss' | 'angle_coder' | 'loss_angle'>;
type Maps = AnchorMaps | 'angles';

/** `deltas` are distances from the sides in pixels, `angles` encoded. */
export class RTMDetRotatedHead extends MMYOLORTMDetHead<Added, 'angles'> {
  readonly rotated = true;
  private readonly angleCoder: AngleCoder;
  private readonly lossAngle: Loss | undefined;
  private readonly upright = new DistancePointBBoxCoder(false);

  constructor(config: RTMDetRotatedHeadConfig, context: BuildContext) {
    const { registry, path } = context;
    const angleCoder = registry.build('angle_coder', config.angle_coder, { path: `${path}.angle_coder` });
    const { angle_out_dim: given = angleCoder.encodeSize } = config.head_module;
    if (given !== angleCoder.encodeSize)
      throw new DetLabError(
        `Cannot use head_module.angle_out_dim ${given} at ${path}: ${config.angle_coder.type} has ${angleCoder.encodeSize}. Leave it out`,
      );
    if (config.use_hbbox_loss && !config.loss_angle)
      throw new DetLabError(
        `Cannot build RTMDetRotatedHead at ${path}: with use_hbbox_loss nothing learns the angle. Give a loss_angle`,
      );
    const head_module = { ...config.head_module, angle_out_dim: angleCoder.encodeSize };
    const withAngle = config.test_cfg?.decode_with_angle ?? true;
    super({ ...config, head_module } as MMYOLORTMDetHeadConfig & Added, context, {
      head: 'RTMDetRotatedHead',
      maps: ['scores', 'deltas', 'angles'],
      usual: 'RTMDetRotatedSepBNHeadModule',
      coder: withAngle ? 'rotated points' : 'points',
    });
    this.angleCoder = angleCoder;
    if (config.loss_angle) this.lossAngle = registry.build('loss', config.loss_angle, { path: `${path}.loss_angle` });
  }

  protected override get name(): string {
    return 'RTMDetRotatedHead';
  }

  protected override get columns(): Record<string, number> {
    return { ...this.module.columns };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, rotated: true };
  }

  /** Distances and decoded angles [N, T, 5]. */
  private codes(outputs: DenseOutputs<Maps>): tf.Tensor3D {
    return tf.concat([outputs.flat('deltas'), this.angleCoder.decode(outputs.flat('angles'))], -1);
  }

  /** Rotated boxes [N, T, 5], as the losses see them. */
  protected override boxes(outputs: DenseOutputs<Maps>): tf.Tensor3D {
    return outputs.once('boxes', () =>
      decodeRotated(this.coderPriors(outputs.sizes), this.codes(outputs), this.config.angle_version),
    );
  }

  protected override assignImage(assigner: Assigner, image: AssignImage, input: AssignInput): ImageTargets {
    const targets = super.assignImage(assigner, image, input);
    const { rboxes = new Float32Array(0) } = input.instances;
    return { ...targets, boxes: takeRows(rboxes, targets.truths, ROTATED) };
  }

  protected override compared(outputs: DenseOutputs<Maps>, targets: BatchTargets): [tf.Tensor3D, Float32Array] {
    if (!this.config.use_hbbox_loss) return super.compared(outputs, targets);
    const turned = targets.boxes.map((v, i) => (i % ROTATED === 4 ? 0 : v));
    const predicted = this.upright.decodeTensors(this.coderPriors(outputs.sizes), outputs.flat('deltas'));
    return [predicted, aroundRotated(turned)];
  }

  protected override weightedLosses(outputs: DenseOutputs<Maps>, targets: BatchTargets, sum: number): Losses {
    const losses = super.weightedLosses(outputs, targets, sum);
    if (!this.lossAngle) return losses;
    const { positives, boxes, overlaps } = targets;
    if (positives.length === 0) return { ...losses, loss_angle: zeroLoss(this) };
    const angles = Float32Array.from(positives, (_, k) => boxes[ROTATED * k + 4]);
    const loss = this.lossAngle.forward(
      atPositives(outputs.flat('angles'), positives),
      tf.tensor2d(this.angleCoder.encode(angles), [positives.length, this.angleCoder.encodeSize]),
      { weight: tf.tensor2d(overlaps, [positives.length, 1]), avgFactor: 1 },
    );
    return { ...losses, loss_angle: tf.div(loss, sum) as tf.Scalar };
  }

  protected override candidateBoxes(outputs: DenseOutputs<Maps>): Pick<CandidateTensors, 'boxes' | 'decoded'> {
    const priors = this.coderPriors(outputs.sizes);
    const { decode_with_angle } = this.testCfg as unknown as TestCfg;
    if (decode_with_angle) return { boxes: this.coder.decodeTensors(priors, this.codes(outputs)), decoded: true };
    const [low, high] = tf.split(this.coder.decodeTensors(priors, outputs.flat('deltas')), 2, -1);
    const angles = this.angleCoder.decode(outputs.flat('angles'));
    return { boxes: tf.concat([tf.mul(tf.add(low, high), 0.5), tf.sub(high, low), angles], -1), decoded: true };
  }

  protected override uprightBoxes(boxes: Float32Array): Float32Array {
    return aroundRotated(boxes);
  }

  override get selection(): Selection {
    return yoloSelection(this.testCfg as unknown as YOLOTestCfg);
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: unknown, rescale: boolean): Detections {
    const [top, , left] = meta.padParam ?? [0, 0, 0, 0];
    const [x, y] = meta.scaleFactor;
    const move = (boxes: Float32Array) => scaleRotated(shiftRotated(boxes, -left, -top), [1 / x, 1 / y]);
    const { detections } = selectYoloBoxes(candidates, cfg as YOLOTestCfg, rescale ? move : undefined);
    return { ...detections, bboxes: aroundRotated(detections.bboxes), rboxes: detections.bboxes };
  }
}

export const rtmdetRotatedHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetRotatedHead',
  summary: 'The RTMDet head for rotated boxes: aerial images, documents',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, rotated boxes [n, 5], scores [n] and labels [n]',
  example:
    "{ type: 'RTMDetRotatedHead', head_module: { type: 'RTMDetRotatedSepBNHeadModule', num_classes: 80, in_channels: 256, featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new RTMDetRotatedHead(given, context),
});
