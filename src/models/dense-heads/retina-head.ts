// RetinaHead: two towers of convolutions, shared by all levels, for the classes and the boxes of nine anchors a cell
// (Lin et al., Focal Loss, ICCV 2017).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { applyInitCfg, Conv2d, type ConvModule, convCfg, initCfg, type ModuleList, normCfg } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { AnchorDetectionHead, type AnchorDetectionHeadConfig } from './anchor-detection-head';
import { anchorHeadOptions } from './anchor-head-options';
import { cellPriors } from './cell-priors';
import { denseTestCfg } from './dense-detections';
import { towers } from './towers';

/** Shared by the heads that grew from RetinaNet's. */
export const retinaOptions = {
  ...anchorHeadOptions,
  stacked_convs: z.number().int().min(0).default(4).describe('3x3 convolutions of each tower'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg.nullish().describe('Norm of the towers'),
  anchor_generator: moduleOption('anchor_generator')
    .default({ type: 'AnchorGenerator', octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] })
    .describe('The anchors'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      override: { type: 'Normal', name: 'retina_cls', std: 0.01, bias_prob: 0.01 },
    })
    .describe('Where the weights start from'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
};
const options = z.strictObject(retinaOptions);

export type RetinaHeadConfig = AnchorDetectionHeadConfig &
  Pick<z.output<typeof options>, 'stacked_convs' | 'conv_cfg' | 'norm_cfg'>;

export class RetinaHead extends AnchorDetectionHead {
  private readonly clsConvs: ModuleList<ConvModule>;
  private readonly regConvs: ModuleList<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: RetinaHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, stacked_convs, conv_cfg, norm_cfg } = config;
    const tower = () =>
      towers({ inChannels: in_channels, channels: feat_channels, count: stacked_convs, conv_cfg, norm_cfg });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    const perCell = cellPriors('RetinaHead', this.priors, context.path);
    const inChannels = stacked_convs > 0 ? feat_channels : in_channels;
    const predict = (outChannels: number) => new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('retina_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('retina_reg', predict(perCell * this.coder.encodeSize));
    applyInitCfg(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    let [cls, reg] = [x, x];
    for (const conv of this.clsConvs) cls = conv.forward(cls);
    for (const conv of this.regConvs) reg = conv.forward(reg);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg) };
  }
}

export const retinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RetinaHead',
  summary: 'Class scores and a box for every anchor, from two towers of convolutions',
  paper: 'Lin et al., Focal Loss for Dense Object Detection, ICCV 2017',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RetinaHead', num_classes: 80, stacked_convs: 4, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RetinaHead', given, context),
  build: (given, context) => new RetinaHead(given as RetinaHeadConfig, context),
});
