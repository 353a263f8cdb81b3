// SingleStageInstanceSegmentor: backbone, neck, and a mask head on all feature levels, which finds instances by itself (SOLO,
// SOLOv2) or masks those that a dense head finds (YOLACT, CondInst, BoxInst).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import type { DetBatch, EpochStart, InstanceHead, InstanceMaskHead, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';
import { checkInstanceHeads, instanceHead, instanceMaskHead } from './narrow-head';

const passedOn = (what: string) =>
  z.record(z.string(), z.unknown()).nullish().describe(`${what}, passed down to both heads`);
const options = z.strictObject({
  ...detectorParts,
  bbox_head: moduleOption('dense_head')
    .nullish()
    .describe('Dense head that finds instances and predicts the parameters of their masks'),
  mask_head: moduleOption('mask_head').describe('Predicts the mask of each instance'),
  train_cfg: passedOn('Training settings'),
  test_cfg: passedOn('Post-processing (thresholds, NMS)'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
export type SingleStageInstanceSegmentorConfig = z.output<typeof options>;

export class SingleStageInstanceSegmentor extends BaseDetector {
  readonly bboxHead?: InstanceHead;
  readonly maskHead: InstanceMaskHead;

  constructor(config: SingleStageInstanceSegmentorConfig, context: BuildContext) {
    super(config, context);
    const { registry, numClasses } = context;
    const at = (name: string) => (context.path ? `${context.path}.${name}` : name);
    const { train_cfg, test_cfg } = config;
    const build = { inputs: this.levels, numClasses };
    const given = { ...(train_cfg && { train_cfg }), ...(test_cfg && { test_cfg }) };
    if (config.bbox_head) {
      const place = { path: at('bbox_head'), type: config.bbox_head.type };
      const head = registry.build('dense_head', { ...config.bbox_head, ...given }, { ...place, ...build });
      this.bboxHead = this.addChild('bbox_head', instanceHead(head, place));
    }
    const place = { path: at('mask_head'), type: config.mask_head.type };
    const head = registry.build('mask_head', { ...config.mask_head, ...given }, { ...place, ...build });
    this.maskHead = this.addChild('mask_head', instanceMaskHead(head, place));
    checkInstanceHeads(this.bboxHead && { path: at('bbox_head'), type: config.bbox_head!.type, head: this.bboxHead }, {
      ...place,
      head: this.maskHead,
    });
  }

  /** One of both knows it, which `checkInstanceHeads` and the heads' options see to. */
  get numClasses(): number {
    return (this.bboxHead?.numClasses ?? this.maskHead.numClasses) as number;
  }

  protected forwardHeads(features: tf.Tensor4D[]): unknown {
    if (!this.bboxHead) return { masks: this.maskHead.forward(features) };
    const { outputs, instances } = this.bboxHead.forwardInstances(features);
    return { boxes: outputs, masks: this.maskHead.forward(features, instances) };
  }

  onEpoch(start: EpochStart): string[] {
    return this.bboxHead?.onEpoch?.(start) ?? [];
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    const features = this.extractFeatures(batch.inputs);
    if (!this.bboxHead) return this.maskHead.loss(features, batch, context);
    const { losses, instances } = this.bboxHead.lossAndInstances(features, batch, context);
    return { ...losses, ...this.maskHead.loss(features, batch, context, instances) };
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.extractFeatures(batch.inputs);
    const found = this.bboxHead?.predictInstances(features, batch);
    return this.maskHead.predict(features, batch, { rescale }, found);
  }
}

const onPyramid = (heads: string, test: string, neck = '') => `
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5${neck} },${heads}
  test_cfg: { ${test} },`;
const matrixNms =
  "nms_pre: 500, score_thr: 0.1, mask_thr: 0.5, filter_thr: 0.05, kernel: 'gaussian', sigma: 2, max_per_img: 100";
const grids = `
    strides: [8, 8, 16, 32, 32],
    scale_ranges: [[1, 96], [48, 192], [96, 384], [192, 768], [384, 2048]],`;
const solo = onPyramid(
  `
  mask_head: {
    type: 'SOLOHead',
    num_classes: 80,
    stacked_convs: 7,${grids}
  },`,
  matrixNms,
);

const dynamic = (family: string, channels: number, parameters: number) =>
  onPyramid(
    `
  bbox_head: { type: '${family}BboxHead', num_classes: 80, strides: [8, 16, 32, 64, 128], num_params: ${parameters} },
  mask_head: {
    type: '${family}MaskHead',
    feat_channels: ${channels},
    mask_feature_head: { feat_channels: 128, start_level: 0, end_level: 2, out_channels: ${channels}, mask_stride: 8 },
    loss_mask: { type: 'DiceLoss', eps: 5e-6 },
  },`,
    "nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.6 }, max_per_img: 100, mask_thr: 0.5",
    ", start_level: 1, add_extra_convs: 'on_output'",
  );

const define = <Type extends string>(
  type: Type,
  summary: string,
  from: { paper: string } | { origin: string },
  example: string,
) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    ...from,
    shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
    example: `{\n  type: '${type}',${example}\n}`,
    options,
    forwards: {
      bbox_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' },
      mask_head: { train_cfg: 'train_cfg', test_cfg: 'test_cfg' },
    },
    build: (given: SingleStageInstanceSegmentorConfig, context: BuildContext) =>
      new SingleStageInstanceSegmentor(given, context),
  });

export const singleStageInstanceDefinitions = [
  define(
    'SingleStageInstanceSegmentor',
    'Single-stage detector with masks: a mask head finds instances, or masks those of a dense head',
    { origin: 'MMDetection: the base of SOLO, YOLACT and CondInst' },
    solo,
  ),
  define(
    'SOLO',
    'SOLO: instances are cells of a grid, each with a mask of the whole image',
    { paper: 'Wang et al., SOLO: Segmenting Objects by Locations, ECCV 2020' },
    solo,
  ),
  define(
    'SOLOv2',
    'SOLOv2: cells of a grid predict filters, which give their masks from one map of the image',
    { paper: 'Wang et al., SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020' },
    onPyramid(
      `
  mask_head: {
    type: 'SOLOV2Head',
    num_classes: 80,
    feat_channels: 512,${grids}
    mask_feature_head: { feat_channels: 128, start_level: 0, end_level: 3, out_channels: 256 },
  },`,
      matrixNms,
    ),
  ),
  define(
    'YOLACT',
    'YOLACT: masks are sums of prototypes of the image, with coefficients of each detection',
    { paper: 'Bolya et al., YOLACT: Real-time Instance Segmentation, ICCV 2019' },
    onPyramid(
      `
  bbox_head: { type: 'YOLACTHead', num_classes: 80, num_protos: 32 },
  mask_head: { type: 'YOLACTProtonet', num_classes: 80, num_protos: 32, loss_mask_weight: 6.125 },`,
      'nms_pre: 1000, score_thr: 0.05, iou_thr: 0.5, top_k: 200, max_per_img: 100, mask_thr: 0.5',
      ", start_level: 1, add_extra_convs: 'on_input'",
    ),
  ),
  define(
    'CondInst',
    'CondInst: FCOS whose points predict a small network each, which gives the mask of their object',
    { paper: 'Tian et al., Conditional Convolutions for Instance Segmentation, ECCV 2020' },
    dynamic('CondInst', 8, 169),
  ),
  define(
    'BoxInst',
    'BoxInst: CondInst that learns masks from boxes and from the colours in them',
    { paper: 'Tian et al., BoxInst: High-Performance Instance Segmentation with Box Annotations, CVPR 2021' },
    `
  data_preprocessor: { type: 'BoxInstDataPreprocessor' },${dynamic('BoxInst', 16, 593)}`,
  ),
] as const;
