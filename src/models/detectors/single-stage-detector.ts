// SingleStageDetector: backbone, neck, and one dense head that classifies and places boxes. RetinaNet, FCOS, ATSS, GFL, FSAF,
// YOLOV3, YOLOX, RTMDet and MMYOLO's YOLODetector are its names; they differ in their heads alone.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections, PackedSample } from '../../data/types';
import { initCfg, Module } from '../../nn';
import type { Random } from '../../random';
import { type BuildContext, defineModule, moduleOption } from '../../registry';
import type { DetectionHead } from '../dense-heads/detection-head';
import { buildNeck, neckOption } from '../necks/neck-sequence';
import type { Backbone, DetBatch, Detector, Losses, Neck } from '../types';

const options = z.strictObject({
  data_preprocessor: moduleOption('data_preprocessor')
    .default({ type: 'DetDataPreprocessor' })
    .describe('Normalises images and makes batches'),
  backbone: moduleOption('backbone').describe('Image to feature levels'),
  neck: neckOption.nullish().describe('Mixes the feature levels; a list: one after the other'),
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

interface Preprocessor {
  forward(samples: PackedSample[], options?: { training?: boolean }): DetBatch;
}

export class SingleStageDetector extends Module implements Detector {
  readonly backbone: Backbone;
  readonly neck?: Neck;
  readonly bboxHead: DetectionHead;
  private readonly preprocessor: Preprocessor;

  constructor(config: SingleStageDetectorConfig, { registry, path, numClasses }: BuildContext) {
    super();
    const at = (name: string) => ({ path: path ? `${path}.${name}` : name });
    this.preprocessor = registry.build('data_preprocessor', config.data_preprocessor, at('data_preprocessor'));
    this.backbone = this.addChild('backbone', registry.build<Backbone>('backbone', config.backbone, at('backbone')));
    let inputs = this.backbone.outputs;
    if (config.neck) {
      this.neck = this.addChild('neck', buildNeck(config.neck, { registry, ...at('neck'), inputs }));
      inputs = this.neck.outputs;
    }
    // a head of its own config may carry its cfgs itself
    const { train_cfg = config.bbox_head.train_cfg, test_cfg = config.bbox_head.test_cfg } = config;
    const head = { ...config.bbox_head, train_cfg, test_cfg };
    this.bboxHead = this.addChild(
      'bbox_head',
      registry.build<DetectionHead>('dense_head', head, { ...at('bbox_head'), inputs, numClasses }),
    );
  }

  get classes(): number {
    return this.bboxHead.numClasses;
  }

  preprocess(samples: PackedSample[]): DetBatch {
    return this.preprocessor.forward(samples, { training: this.training });
  }

  /** [N, H, W, 3] -> feature levels, finest first. */
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[] {
    const features = this.backbone.forward(inputs);
    return this.neck ? this.neck.forward(features) : features;
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
