// ATSSHead: RetinaNet's towers for one anchor a cell, and how central each box is (Zhang et al., CVPR 2020). The box loss
// compares boxes in pixels, each weighed by its centerness.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import {
  applyInitCfg,
  Conv2d,
  type ConvModule,
  convCfg,
  initCfg,
  ModuleList,
  type NormCfg,
  normCfg,
  Scale,
} from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { Loss } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorDetectionHead, type AnchorDetectionHeadConfig } from './anchor-detection-head';
import type { HeadOutputs } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { cellPriors } from './cell-priors';
import { centerness } from './centerness';
import { denseTestCfg } from './dense-detections';
import { eachLevel } from './each-level';
import { flattenLevels } from './flatten-levels';
import { towers } from './towers';

const options = z.strictObject({
  ...anchorHeadOptions,
  pred_kernel_size: z.number().int().positive().default(3).describe('Kernel of the predictions'),
  stacked_convs: z.number().int().min(0).default(4).describe('3x3 convolutions of each tower'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm of the towers'),
  reg_decoded_bbox: z.boolean().default(true).describe('The box loss compares boxes in pixels'),
  loss_centerness: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Loss of the centerness'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      override: { type: 'Normal', name: 'atss_cls', std: 0.01, bias_prob: 0.01 },
    })
    .describe('Where the weights start from'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
});
type Options = z.output<typeof options>;
export type ATSSHeadConfig = AnchorDetectionHeadConfig & Options;

export interface ATSSOutputs extends HeadOutputs {
  centerness: tf.Tensor4D[];
}

export class ATSSHead extends AnchorDetectionHead {
  private readonly clsConvs: ModuleList<ConvModule>;
  private readonly regConvs: ModuleList<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly center: Conv2d;
  private readonly scales: ModuleList<Scale>;
  private readonly lossCenterness: Loss;

  constructor(config: ATSSHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, stacked_convs, conv_cfg, pred_kernel_size: kernelSize } = config;
    const norm_cfg = config.norm_cfg as NormCfg | null;
    const tower = () =>
      towers({ inChannels: in_channels, channels: feat_channels, count: stacked_convs, conv_cfg, norm_cfg });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    const perCell = cellPriors('ATSSHead', this.priors, context.path);
    const inChannels = stacked_convs > 0 ? feat_channels : in_channels;
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels, outChannels, kernelSize, padding: Math.floor(kernelSize / 2) });
    this.cls = this.addChild('atss_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('atss_reg', predict(perCell * 4));
    this.center = this.addChild('atss_centerness', predict(perCell));
    this.scales = this.addChild('scales', new ModuleList(this.priors.strides.map(() => new Scale())));
    this.lossCenterness = context.registry.build('loss', config.loss_centerness, {
      path: `${context.path}.loss_centerness`,
    });
    applyInitCfg(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): { scores: tf.Tensor4D; deltas: tf.Tensor4D; center: tf.Tensor4D } {
    let [cls, reg] = [x, x];
    for (const conv of this.clsConvs) cls = conv.forward(cls);
    for (const conv of this.regConvs) reg = conv.forward(reg);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg), center: this.center.forward(reg) };
  }

  override forward(features: tf.Tensor4D[]): ATSSOutputs {
    const outputs = eachLevel(features, (x) => this.forwardSingle(x));
    return {
      scores: outputs.map((o) => o.scores),
      deltas: outputs.map((o, i) => this.scales.at(i).forward(o.deltas)),
      centerness: outputs.map((o) => o.center),
    };
  }

  override loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const outputs = this.forward(features);
    const flat = this.flatten(outputs);
    const total = flat.scores.shape[1];
    const targets = this.dense(
      this.targets(flat.sizes, batch, context, (parts) => this.predictions(flat, parts)),
      total,
    );
    const loss_cls = this.classLoss(flat.scores, targets);
    const { positives, boxes, avgFactor } = targets;
    const central = flattenLevels(outputs.centerness, 1).reshape([-1]);
    if (positives.length === 0)
      return {
        loss_cls,
        loss_bbox: tf.mul(tf.sum(flat.deltas), 0) as tf.Scalar,
        loss_centerness: tf.mul(tf.sum(central), 0) as tf.Scalar,
      };
    const rows = tf.tensor1d(positives, 'int32');
    const anchors = takeBoxes(
      this.anchors(flat.sizes),
      positives.map((k) => k % total),
    );
    const wanted = centerness(anchors, boxes);
    const predicted = this.coder.decodeTensors(anchors, tf.gather(flat.deltas.reshape<tf.Tensor2D>([-1, 4]), rows));
    const weight = tf.tensor1d(wanted);
    const bbox = this.lossBbox.forward(predicted, tf.tensor2d(boxes, [positives.length, 4]), { weight, avgFactor: 1 });
    const sum = wanted.reduce((a, b) => a + b, 0);
    return {
      loss_cls,
      loss_bbox: tf.div(bbox, Math.max(sum, 1)) as tf.Scalar,
      loss_centerness: this.lossCenterness.forward(tf.gather(central, rows), weight, { avgFactor }) as tf.Scalar,
    };
  }

  override predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const outputs = this.forward(features);
    return this.detections(this.flatten(outputs), batch, rescale, flattenLevels(outputs.centerness, 1));
  }
}

export const atssHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'ATSSHead',
  summary: 'One anchor a cell with class scores, a box and its centerness',
  paper: 'Zhang et al., Adaptive Training Sample Selection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'ATSSHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('ATSSHead', given, context),
  build: (given, context) => new ATSSHead(given as ATSSHeadConfig, context),
});
