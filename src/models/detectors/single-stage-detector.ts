// SingleStageDetector: backbone, neck, and one dense head that classifies and places boxes. RetinaNet, FCOS, ATSS, GFL,
// FSAF, YOLOV3, YOLOV4, YOLOX, RTMDet and MMYOLO's YOLODetector are its names; they differ in their heads alone.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import type { DetBatch, DetectionHead, EpochStart, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';
import { detectionHead } from './narrow-head';

export const singleStageOptions = {
  ...detectorParts,
  bbox_head: moduleOption('dense_head').describe('Dense head: classifies and regresses boxes'),
  train_cfg: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('Training settings, passed down to the head; null for a model that only predicts'),
  test_cfg: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('Post-processing (score threshold, NMS), passed down to the head'),
  use_syncbn: z
    .boolean()
    .optional()
    .describe('In a run of several processes, batch norms see the batches of all; default of YOLODetector (MMYOLO)'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
};
const options = z.strictObject(singleStageOptions);
export type SingleStageDetectorConfig = z.output<typeof options>;

export class SingleStageDetector extends BaseDetector {
  readonly bboxHead: DetectionHead;

  constructor(config: SingleStageDetectorConfig, context: BuildContext, prefix = '') {
    super(config, context, prefix);
    const { registry, numClasses } = context;
    const path = `${context.path ? `${context.path}.` : ''}${prefix}bbox_head`;
    // the head's config may have its cfgs already
    const { train_cfg = config.bbox_head.train_cfg, test_cfg = config.bbox_head.test_cfg } = config;
    const head = { ...config.bbox_head, train_cfg, test_cfg };
    this.bboxHead = this.addChild(
      'bbox_head',
      detectionHead(registry.build('dense_head', head, { path, inputs: this.levels, numClasses }), {
        path,
        type: head.type,
      }),
    );
  }

  get numClasses(): number {
    return this.bboxHead.numClasses;
  }

  override get rotated(): boolean {
    return this.bboxHead.rotated ?? false;
  }

  protected forwardHeads(features: tf.Tensor4D[]): unknown {
    return this.bboxHead.forward(features);
  }

  onEpoch(start: EpochStart): string[] {
    return this.bboxHead.onEpoch?.(start) ?? [];
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    return this.bboxHead.loss(this.extractFeatures(batch.inputs), batch, context);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.bboxHead.predict(this.extractFeatures(batch.inputs), batch, { rescale });
  }
}

const choosing = "nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100";
const pyramid = "{ type: 'FPN', out_channels: 256, num_outs: 5, start_level: 1, add_extra_convs: 'on_output' }";
const small = 'deepen_factor: 0.33, widen_factor: 0.5';
const anchors =
  "anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }";

/** The parts of an example: backbone, neck, head, and post-processing. */
const parts = (backbone: string, neck: string, head: string, rest = `nms_pre: 1000, score_thr: 0.05, ${choosing}`) => `
  backbone: ${backbone},
  neck: ${neck},
  bbox_head: ${head},
  test_cfg: { ${rest} },`;
const onResNet = (head: string, neck = pyramid) => parts("{ type: 'ResNet', depth: 50 }", neck, head);
const retinaNet = onResNet(
  "{ type: 'RetinaHead', num_classes: 80, loss_cls: { type: 'FocalLoss' } }",
  "{ type: 'FPN', out_channels: 256, num_outs: 5 }",
);

const define = <Type extends string>(
  type: Type,
  summary: string,
  from: { paper: string } | { origin: string },
  example = retinaNet,
) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    ...from,
    shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
    example: `{\n  type: '${type}',${example}\n}`,
    options,
    forwards: { bbox_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' } },
    build: (given: SingleStageDetectorConfig, context: BuildContext) => new SingleStageDetector(given, context),
  });

export const singleStageDefinitions = [
  define(
    'SingleStageDetector',
    'Single-stage detector: a dense head classifies and regresses boxes on every feature level',
    {
      origin: 'MMDetection: the base of RetinaNet and its relatives, for heads without a detector name',
    },
  ),
  define('RetinaNet', 'RetinaNet: anchors on all pyramid levels, trained with the focal loss', {
    paper: 'Lin et al., Focal Loss for Dense Object Detection, ICCV 2017',
  }),
  define(
    'FCOS',
    'FCOS: anchor-free, every point of the feature maps predicts a box and its centerness',
    { paper: 'Tian et al., FCOS: Fully Convolutional One-Stage Object Detection, ICCV 2019' },
    onResNet("{ type: 'FCOSHead', num_classes: 80, strides: [8, 16, 32, 64, 128] }"),
  ),
  define(
    'ATSS',
    'ATSS: one anchor per cell, positives selected by an adaptive IoU threshold',
    { paper: 'Zhang et al., Bridging the Gap Between Anchor-based and Anchor-free Detection, CVPR 2020' },
    onResNet(`{ type: 'ATSSHead', num_classes: 80, ${anchors} }`),
  ),
  define(
    'GFL',
    'GFL: class scores that include the localisation quality, boxes as distributions',
    { paper: 'Li et al., Generalized Focal Loss, NeurIPS 2020' },
    onResNet(`{ type: 'GFLHead', num_classes: 80, ${anchors}, loss_cls: { type: 'QualityFocalLoss' } }`),
  ),
  define(
    'TOOD',
    'TOOD: one head whose classification and regression are aligned by design and by assignment',
    { paper: 'Feng et al., TOOD: Task-aligned One-stage Object Detection, ICCV 2021' },
    onResNet(`{ type: 'TOODHead', num_classes: 80, ${anchors}, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }`),
  ),
  define(
    'PAA',
    'PAA: anchors are positive by the likelihood of their losses, scores predict the IoU',
    { paper: 'Kim and Lee, Probabilistic Anchor Assignment with IoU Prediction for Object Detection, ECCV 2020' },
    onResNet(`{ type: 'PAAHead', num_classes: 80, ${anchors}, loss_cls: { type: 'FocalLoss' } }`),
  ),
  define(
    'DDOD',
    'DDOD: classes and boxes with assignments and features of their own',
    { paper: 'Chen et al., Disentangle Your Dense Object Detector, ACM MM 2021' },
    onResNet(`{ type: 'DDODHead', num_classes: 80, ${anchors}, loss_cls: { type: 'FocalLoss' } }`),
  ),
  define(
    'CenterNet',
    'CenterNet: objects as peaks of heat maps at their centers; CenterNet2 with CenterNetUpdateHead',
    { paper: 'Zhou et al., Objects as Points, 2019' },
    parts(
      "{ type: 'ResNet', depth: 18 }",
      "{ type: 'CTResNetNeck', num_deconv_filters: [256, 128, 64], num_deconv_kernels: [4, 4, 4] }",
      "{ type: 'CenterNetHead', num_classes: 80, feat_channels: 64 }",
      'topk: 100, local_maximum_kernel: 3',
    ),
  ),
  define(
    'CornerNet',
    'CornerNet: objects as pairs of corners, peaks of heat maps; CentripetalNet with CentripetalHead',
    { paper: 'Law and Deng, CornerNet: Detecting Objects as Paired Keypoints, ECCV 2018' },
    `
  backbone: { type: 'HourglassNet' },
  bbox_head: { type: 'CornerHead', num_classes: 80, num_feat_levels: 2 },
  test_cfg: { corner_topk: 100, distance_threshold: 0.5, nms: { type: 'soft_nms', iou_threshold: 0.5, method: 'gaussian' } },`,
  ),
  define(
    'VFNet',
    'VarifocalNet: class scores that are the IoU of their box, from features sampled in a star around it',
    { paper: 'Zhang et al., VarifocalNet: An IoU-aware Dense Object Detector, CVPR 2021' },
    onResNet(`{ type: 'VFNetHead', num_classes: 80, ${anchors} }`),
  ),
  define(
    'FOVEA',
    'FoveaBox: anchor-free, cells in the middle of an object predict its class and sides',
    { paper: 'Kong et al., FoveaBox: Beyound Anchor-based Object Detection, TIP 2020' },
    onResNet("{ type: 'FoveaHead', num_classes: 80, strides: [8, 16, 32, 64, 128] }"),
  ),
  define(
    'AutoAssign',
    'AutoAssign: FCOS whose points are weighed by what they predict, without a rule of assignment',
    { paper: 'Zhu et al., AutoAssign: Differentiable Label Assignment for Dense Object Detection, 2020' },
    onResNet("{ type: 'AutoAssignHead', num_classes: 80, strides: [8, 16, 32, 64, 128] }"),
  ),
  define(
    'NASFCOS',
    'NAS-FCOS: FCOS with a neck and a head that were found by a search',
    { paper: 'Wang et al., NAS-FCOS: Fast Neural Architecture Search for Object Detection, CVPR 2020' },
    onResNet("{ type: 'NASFCOSHead', num_classes: 80, strides: [8, 16, 32, 64, 128] }"),
  ),
  define(
    'YOLOF',
    'YOLOF: one feature level with dilated convolutions, and as many positives for every object',
    { paper: 'Chen et al., You Only Look One-level Feature, CVPR 2021' },
    parts(
      "{ type: 'ResNet', depth: 50, out_indices: [3] }",
      "{ type: 'DilatedEncoder', out_channels: 512, block_mid_channels: 128, num_residual_blocks: 4, block_dilations: [2, 4, 6, 8] }",
      "{ type: 'YOLOFHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [1, 2, 4, 8, 16], strides: [32] }, loss_bbox: { type: 'GIoULoss' } }",
    ),
  ),
  define(
    'RepPointsDetector',
    'RepPoints: sets of points that sample the features of an object and stand for its box',
    { paper: 'Yang et al., RepPoints: Point Set Representation for Object Detection, ICCV 2019' },
    onResNet("{ type: 'RepPointsHead', num_classes: 80, point_strides: [8, 16, 32, 64, 128] }"),
  ),
  define(
    'FSAF',
    'FSAF: each object is assigned to the pyramid level where its loss is lowest',
    { paper: 'Zhu, He and Savvides, Feature Selective Anchor-Free Module for Single-Shot Object Detection, CVPR 2019' },
    onResNet(`{
    type: 'FSAFHead',
    num_classes: 80,
    reg_decoded_bbox: true,
    anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 1, scales_per_octave: 1 },
    bbox_coder: { type: 'TBLRBBoxCoder', normalizer: 4 },
    loss_cls: { type: 'FocalLoss', reduction: 'none' },
    loss_bbox: { type: 'IoULoss', reduction: 'none' },
  }`),
  ),
  define(
    'YOLOV3',
    'YOLOv3: three levels of anchors on Darknet',
    { paper: 'Redmon and Farhadi, YOLOv3: An Incremental Improvement, 2018' },
    parts(
      "{ type: 'Darknet', depth: 53, out_indices: [3, 4, 5] }",
      "{ type: 'YOLOV3Neck', num_scales: 3, out_channels: [512, 256, 128] }",
      "{ type: 'YOLOV3Head', num_classes: 80, out_channels: [1024, 512, 256] }",
      `nms_pre: 1000, score_thr: 0.05, conf_thr: 0.005, ${choosing}`,
    ),
  ),
  define(
    'YOLOV4',
    'YOLOv4: three levels of anchors on cross stage partial layers, with pyramid pooling and path aggregation',
    { paper: 'Bochkovskiy, Wang and Liao, YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020' },
    parts(
      "{ type: 'CSPDarknet53' }",
      "{ type: 'YOLOV4Neck' }",
      "{ type: 'YOLOV4Head', num_classes: 80 }",
      `nms_pre: 1000, score_thr: 0.05, conf_thr: 0.005, ${choosing}`,
    ),
  ),
  define(
    'YOLOX',
    'YOLOX: anchor-free YOLO with decoupled heads and SimOTA',
    { paper: 'Ge et al., YOLOX: Exceeding YOLO Series in 2021' },
    parts(
      `{ type: 'CSPDarknet', ${small} }`,
      "{ type: 'YOLOXPAFPN', out_channels: 128, num_csp_blocks: 1 }",
      "{ type: 'YOLOXHead', num_classes: 80, feat_channels: 128 }",
      "score_thr: 0.01, nms: { type: 'nms', iou_threshold: 0.65 }",
    ),
  ),
  define(
    'RTMDet',
    'RTMDet: real-time detector with soft label assignment',
    { paper: 'Lyu et al., RTMDet: An Empirical Study of Designing Real-Time Object Detectors, 2022' },
    parts(
      `{ type: 'CSPNeXt', ${small} }`,
      "{ type: 'CSPNeXtPAFPN', out_channels: 128, num_csp_blocks: 1, expand_ratio: 0.5 }",
      "{ type: 'RTMDetSepBNHead', num_classes: 80, feat_channels: 128, stacked_convs: 2 }",
    ),
  ),
  define(
    'YOLODetector',
    "MMYOLO's detector: YOLOv5 or YOLOv8 by its head",
    { origin: 'MMYOLO: the frame of its detectors; YOLOv8 is by Jocher et al., 2023' },
    parts(
      `{ type: 'YOLOv8CSPDarknet', ${small} }`,
      `{ type: 'YOLOv8PAFPN', out_channels: [256, 512, 1024], ${small} }`,
      "{\n    type: 'YOLOv8Head',\n    head_module: { type: 'YOLOv8HeadModule', num_classes: 80, in_channels: [256, 512, 1024], widen_factor: 0.5 },\n  }",
      "nms_pre: 30000, score_thr: 0.001, nms: { type: 'nms', iou_threshold: 0.7 }, max_per_img: 300",
    ),
  ),
] as const;
