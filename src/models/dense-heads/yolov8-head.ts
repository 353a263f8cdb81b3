// YOLOv8Head: what YOLOv8HeadModule predicts, trained by task-aligned assignment with BCE, CIoU and distribution focal loss
// (MMYOLO). Losses are multiplied by the number of images, as MMYOLO's are.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { meanOverRanks, sumOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { yoloTestCfg } from './decode-yolo-detections';
import type { DenseOutputs } from './dense-outputs';
import { headModuleOption } from './head-module';
import {
  initOption,
  lossBboxOption,
  lossClsOption,
  lossDflOption,
  pointCoderOption,
  pointsOption,
  pointTrainCfgOption,
  testCfgText,
} from './head-options';
import { YOLOPointHead, type YOLOPointMaps } from './yolo-point-head';

const options = z.strictObject({
  head_module: headModuleOption,
  prior_generator: pointsOption(0.5),
  bbox_coder: pointCoderOption,
  loss_cls: lossClsOption({ type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'none', loss_weight: 0.5 }),
  loss_bbox: lossBboxOption({
    type: 'IoULoss',
    iou_mode: 'ciou',
    bbox_format: 'xyxy',
    reduction: 'sum',
    loss_weight: 7.5,
    return_iou: false,
  }),
  loss_dfl: lossDflOption({ type: 'DistributionFocalLoss', reduction: 'mean', loss_weight: 1.5 / 4 }),
  train_cfg: pointTrainCfgOption,
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
});
export type YOLOv8HeadConfig = z.output<typeof options>;

export class YOLOv8Head extends YOLOPointHead<YOLOv8HeadConfig> {
  protected readonly lossDfl: Loss;

  constructor(config: YOLOv8HeadConfig, context: BuildContext) {
    super(config, context, { head: 'YOLOv8Head', maps: ['scores', 'deltas', 'distributions'] });
    this.lossDfl = context.registry.build('loss', config.loss_dfl, { path: `${context.path}.loss_dfl` });
  }

  protected override losses(outputs: DenseOutputs<YOLOPointMaps>, targets: BatchTargets): Losses {
    const { positives, images, scores: quality = new Float32Array(0) } = targets;
    const sum = meanOverRanks(
      quality.reduce((a, b) => a + b, 0),
      1,
    );
    const count = sumOverRanks(images.length);
    const perBatch = (x: tf.Tensor) => tf.mul(x, count / sum) as tf.Scalar;
    const loss_cls = perBatch(this.classLoss(outputs, targets));
    if (positives.length === 0) {
      const zero = zeroLoss(this);
      return { loss_cls, loss_bbox: zero, loss_dfl: zero };
    }
    const boxes = this.positiveBoxes(outputs, targets);
    const dfl = this.distributionLoss(this.lossDfl, outputs, positives, boxes, sum);
    return { loss_cls, loss_bbox: perBatch(this.boxLoss(boxes)), loss_dfl: tf.mul(dfl, count) as tf.Scalar };
  }
}

export const yolov8HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv8Head',
  summary: 'Anchor-free decoupled head whose box sides are distributions over distances',
  paper: 'Jocher et al., YOLOv8, 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'YOLOv8Head', head_module: { type: 'YOLOv8HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new YOLOv8Head(given, context),
});
