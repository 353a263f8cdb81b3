// DoubleConvFCBBoxHead: classes by fully connected layers, boxes by convolutions (Wu et al., Double-Head RCNN, CVPR 2020):
//   RoI -> fcs -> fc_cls;  enlarged RoI -> residual block -> bottlenecks -> average -> fc_reg

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import {
  applyInitCfg,
  ConvModule,
  convCfg,
  type InitCfg,
  initCfg,
  Linear,
  Module,
  ModuleList,
  normCfg,
} from '../../../nn';
import { Bottleneck } from '../../backbones/bottleneck';
import type { BBoxOutputs } from '../types';
import { BBoxHead } from './bbox-head';
import { type BBoxHeadConfig, bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';

const size = z.number().int().positive();
const start: InitCfg = {
  type: 'Normal',
  override: [
    { type: 'Normal', name: 'fc_cls', std: 0.01 },
    { type: 'Normal', name: 'fc_reg', std: 0.001 },
    { type: 'Xavier', name: 'fc_branch', distribution: 'uniform' },
  ],
};
const plainLinear = ignoredOption('the predictions are linear', { harmless: [{ type: 'Linear' }], lost: true });
const options = z.strictObject({
  ...bboxHeadOptions,
  cls_predictor_cfg: plainLinear,
  reg_predictor_cfg: plainLinear,
  with_avg_pool: z.literal(true).default(true).describe('Must be true: the map of the boxes is averaged'),
  with_cls: z.literal(true).default(true).describe('Must be true'),
  with_reg: z.literal(true).default(true).describe('Must be true'),
  num_convs: size.describe('Bottlenecks of the box branch'),
  num_fcs: size.describe('Fully connected layers of the class branch'),
  conv_out_channels: size.default(1024).describe('Channels of the box branch'),
  fc_out_channels: size.default(1024).describe('Features of the class branch'),
  conv_cfg: convCfg.nullish().describe('Kind of the convolutions of the bottlenecks'),
  norm_cfg: normCfg.prefault({ type: 'BN' }).describe('Norm of the bottlenecks'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});
type Options = Omit<z.output<typeof options>, 'cls_predictor_cfg' | 'reg_predictor_cfg'> & BBoxHeadConfig;

/** From the channels of a pooled RoI to those of the box branch. */
class BasicResBlock extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly identity: ConvModule;

  constructor(inChannels: number, outChannels: number) {
    super();
    const norm = { bias: false, normCfg: { type: 'BN' } } as const;
    const conv1 = new ConvModule({ inChannels, outChannels: inChannels, kernelSize: 3, padding: 1, ...norm });
    this.conv1 = this.addChild('conv1', conv1);
    const pointwise = { inChannels, outChannels, kernelSize: 1, actCfg: null, ...norm };
    this.conv2 = this.addChild('conv2', new ConvModule(pointwise));
    this.identity = this.addChild('conv_identity', new ConvModule(pointwise));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(this.conv2.forward(this.conv1.forward(x), { residual: this.identity.forward(x) }));
  }
}

export class DoubleConvFCBBoxHead extends BBoxHead {
  private readonly block: BasicResBlock;
  private readonly convs: ModuleList<Bottleneck>;
  private readonly fcs: ModuleList<Linear>;

  constructor(config: Options, context: BuildContext) {
    const {
      in_channels: channels,
      conv_out_channels: planes,
      fc_out_channels: width,
      roi_feat_size: [h, w],
    } = config;
    const predictor = { type: 'Linear' } as const;
    super({ ...config, cls_predictor_cfg: predictor, reg_predictor_cfg: predictor }, context, {
      cls: { features: width },
      reg: { features: planes },
    });
    this.block = this.addChild('res_block', new BasicResBlock(channels, planes));
    const bottleneck = () =>
      new Bottleneck({
        inPlanes: planes,
        planes: planes >> 2,
        stride: 1,
        dilation: 1,
        style: 'pytorch',
        convCfg: config.conv_cfg,
        normCfg: config.norm_cfg,
        zeroInit: false,
      });
    this.convs = this.addChild('conv_branch', new ModuleList(Array.from({ length: config.num_convs }, bottleneck)));
    const fc = (_: unknown, i: number) =>
      i === 0
        ? new Linear({ inFeatures: channels * h * w, chw: [channels, h, w], outFeatures: width })
        : new Linear({ inFeatures: width, outFeatures: width });
    this.fcs = this.addChild('fc_branch', new ModuleList(Array.from({ length: config.num_fcs }, fc)));
    applyInitCfg(this, config.init_cfg);
  }

  /** Maps of the RoIs and of the enlarged ones, joined along channels [K, h, w, 2 C]. */
  override forward(pooled: tf.Tensor4D): BBoxOutputs {
    const [ofClass, ofBox] = tf.split(pooled, 2, 3);
    let map = this.block.forward(ofBox as tf.Tensor4D);
    for (const conv of this.convs) map = conv.forward(map);
    let row: tf.Tensor2D = ofClass.reshape([ofClass.shape[0], -1]);
    for (const fc of this.fcs) row = fc.forward(row, { activation: 'relu' });
    return { scores: this.fcCls?.forward(row), deltas: this.fcReg?.forward(tf.mean<tf.Tensor2D>(map, [1, 2])) };
  }
}

export const doubleConvFCBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'DoubleConvFCBBoxHead',
  summary: 'Class scores by fully connected layers and box deltas by convolutions, for DoubleHeadRoIHead',
  paper: 'Wu et al., Rethinking Classification and Localization for Object Detection, CVPR 2020',
  shapes: 'pooled RoIs and enlarged ones [K, h, w, 2 C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'DoubleConvFCBBoxHead', num_convs: 4, num_fcs: 2, in_channels: 256, num_classes: 80 }",
  options,
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('DoubleConvFCBBoxHead', given as Options, context) as typeof given,
  build: (given, context) => new DoubleConvFCBBoxHead(given as Options, context),
});
