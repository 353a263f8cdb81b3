// SingleStageDetector: backbone, neck, and one dense head that classifies and places boxes. RetinaNet, FCOS, ATSS, GFL, FSAF,
// YOLOV3, YOLOX, RTMDet and MMYOLO's YOLODetector are its names; they differ in their heads alone.

import { z } from 'zod';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import type { Random } from '../../random';
import { type BuildContext, defineModule, moduleOption } from '../../registry';
import type { DetectionHead } from '../dense-heads/detection-head';
import type { DetBatch, Detector, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';

const options = z.strictObject({
  ...detectorParts,
  bbox_head: moduleOption('dense_head').describe('Classifies and places boxes'),
  train_cfg: z.record(z.string(), z.unknown()).nullish().describe('How the head learns; without it it only predicts'),
  test_cfg: z.record(z.string(), z.unknown()).nullish().describe('How the head chooses detections'),
  use_syncbn: z
    .boolean()
    .optional()
    .describe('MMYOLO: batch norm over all processes; accepted, one process has nothing to share'),
  init_cfg: initCfg.nullish().describe('Weights of the whole model'),
});
export type SingleStageDetectorConfig = z.output<typeof options>;

export class SingleStageDetector extends BaseDetector implements Detector {
  readonly bboxHead: DetectionHead;

  constructor(config: SingleStageDetectorConfig, context: BuildContext) {
    super(config, context);
    const { registry, path, numClasses } = context;
    // a head of its own config may carry its cfgs itself
    const { train_cfg = config.bbox_head.train_cfg, test_cfg = config.bbox_head.test_cfg } = config;
    const head = { ...config.bbox_head, train_cfg, test_cfg };
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build<DetectionHead>('dense_head', head, {
        path: path ? `${path}.bbox_head` : 'bbox_head',
        inputs: this.levels,
        numClasses,
      }),
    );
  }

  get classes(): number {
    return this.bboxHead.numClasses;
  }

  loss(batch: DetBatch, random: Random): Losses {
    return this.bboxHead.loss(this.extractFeatures(batch.inputs), batch, random);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.bboxHead.predict(this.extractFeatures(batch.inputs), batch, { rescale });
  }
}

const testCfg = "{ nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }";
const retinaNet = `backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
  bbox_head: { type: 'RetinaHead', num_classes: 80, loss_cls: { type: 'FocalLoss' } },
  test_cfg: ${testCfg},`;

const define = <Type extends string>(type: Type, summary: string, paper?: string) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    paper,
    shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
    example: `{\n  type: '${type}',\n  ${retinaNet}\n}`,
    options,
    build: (given: SingleStageDetectorConfig, context: BuildContext) => new SingleStageDetector(given, context),
  });

export const singleStageDefinitions = [
  define('SingleStageDetector', 'Detector of one stage: a dense head classifies and places boxes'),
  define('RetinaNet', 'RetinaNet: anchors on all pyramid levels, learnt with the focal loss', 'Lin et al., ICCV 2017'),
  define('FCOS', 'FCOS: every point of the feature maps predicts a box', 'Tian et al., ICCV 2019'),
  define(
    'ATSS',
    'ATSS: one anchor a cell, positives chosen by the statistics of their overlaps',
    'Zhang et al., CVPR 2020',
  ),
  define(
    'GFL',
    'GFL: class scores that tell the quality of the box, boxes as distributions',
    'Li et al., NeurIPS 2020',
  ),
  define('FSAF', 'FSAF: each object chooses the pyramid level it is learnt on', 'Zhu et al., CVPR 2019'),
  define('YOLOV3', 'YOLOv3: three levels of anchors on Darknet', 'Redmon and Farhadi, 2018'),
  define('YOLOX', 'YOLOX: anchor-free YOLO with decoupled heads and SimOTA', 'Ge et al., 2021'),
  define('RTMDet', 'RTMDet: real-time detector with soft label assignment', 'Lyu et al., 2022'),
  define('YOLODetector', "MMYOLO's detector: YOLOv5 to YOLOv8 by their heads"),
] as const;
