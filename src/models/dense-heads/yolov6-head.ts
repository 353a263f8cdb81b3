// YOLOv6Head: what YOLOv6HeadModule predicts, trained with varifocal loss and GIoU (Li et al., YOLOv6, 2022; MMYOLO). ATSS assigns
// in the first epochs, task alignment after them. Losses are multiplied by the number of processes, as MMYOLO's are.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { meanOverRanks, sumOverRanks } from '../../ops/over-ranks';
import { zeroLoss } from '../losses';
import { type Assigner, buildAssigner } from '../task-modules';
import type { LossContext, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { yoloTestCfg } from './decode-yolo-detections';
import type { DenseOutputs } from './dense-outputs';
import { headModuleOption } from './head-module';
import {
  initOption,
  lossBboxOption,
  lossClsOption,
  pointCoderOption,
  pointsOption,
  testCfgText,
  trainCfgText,
} from './head-options';
import { YOLOPointHead, type YOLOPointMaps } from './yolo-point-head';

export const yolov6HeadOptions = {
  head_module: headModuleOption,
  prior_generator: pointsOption(0.5),
  bbox_coder: pointCoderOption,
  loss_cls: lossClsOption({
    ...{ type: 'VarifocalLoss', use_sigmoid: true, alpha: 0.75, gamma: 2, iou_weighted: true },
    ...{ reduction: 'sum', loss_weight: 1 },
  }),
  loss_bbox: lossBboxOption({
    ...{
      type: 'IoULoss',
      iou_mode: 'giou',
      bbox_format: 'xyxy',
      reduction: 'mean',
      loss_weight: 2.5,
      return_iou: false,
    },
  }),
  train_cfg: z
    .strictObject({
      initial_epoch: z.int().min(0).describe('Number of epochs in which initial_assigner assigns'),
      initial_assigner: moduleOption('assigner').describe('Assigns ground-truth boxes in the initial epochs'),
      assigner: moduleOption('assigner').describe('Assigns ground-truth boxes after them'),
    })
    .nullish()
    .describe(trainCfgText),
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
};
const options = z.strictObject(yolov6HeadOptions);
export type YOLOv6HeadConfig = z.output<typeof options>;

export class YOLOv6Head<C extends YOLOv6HeadConfig = YOLOv6HeadConfig> extends YOLOPointHead<C> {
  protected readonly initialAssigner?: Assigner;

  constructor(
    config: C,
    context: BuildContext,
    { head, maps }: { head: string; maps: readonly YOLOPointMaps[] } = {
      head: 'YOLOv6Head',
      maps: ['scores', 'deltas'],
    },
  ) {
    super(config, context, { head, maps });
    const { registry, path } = context;
    const at = { registry, path: `${path}.train_cfg.initial_assigner` };
    const { train_cfg } = config;
    if (train_cfg) this.initialAssigner = buildAssigner(train_cfg.initial_assigner, at, this.assignerOffer);
  }

  protected override assignerAt(context: LossContext): Assigner {
    const initial = context.epoch < (this.config.train_cfg?.initial_epoch ?? 0);
    return (initial && this.initialAssigner) || super.assignerAt(context);
  }

  /** Sum of the target scores, by which losses are divided. */
  protected scoreSum({ scores = new Float32Array(0) }: BatchTargets): number {
    return meanOverRanks(scores.reduce((a, b) => a + b, 0));
  }

  protected override losses(outputs: DenseOutputs<YOLOPointMaps>, targets: BatchTargets): Losses {
    const sum = this.scoreSum(targets);
    const ranks = sumOverRanks(1);
    const loss_cls = tf.mul<tf.Scalar>(this.classLoss(outputs, targets), ranks / (sum || 1));
    if (targets.positives.length === 0) return { loss_cls, loss_bbox: zeroLoss(this) };
    const bbox = this.boxLoss(this.positiveBoxes(outputs, targets), { avgFactor: sum });
    return { loss_cls, loss_bbox: tf.mul<tf.Scalar>(bbox as tf.Scalar, ranks) };
  }
}

export const yolov6HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv6Head',
  summary: 'Anchor-free decoupled head, assigned by ATSS at first and by task alignment after that',
  paper: 'Li et al., YOLOv6, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'YOLOv6Head', head_module: { type: 'YOLOv6HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new YOLOv6Head(given, context),
});
