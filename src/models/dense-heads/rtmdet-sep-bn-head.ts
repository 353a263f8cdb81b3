// RTMDetSepBNHead: towers whose convolutions all levels may share while each has norms and predictions of its own
// (Lyu et al., RTMDet, 2022). A shared convolution appears under the names of all levels, as in PyTorch's state dict.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  constant,
  DepthwiseSeparableConvModule,
  ModuleList,
  type NormCfg,
  normCfg,
} from '../../nn';
import { type BuildContext, defineModule } from '../../registry';
import { denseHeadInferred, inferDenseHead } from '../layers/infer-dense-head';
import {
  RTMDetBaseHead,
  type RTMDetConfig,
  type RTMDetOutputs,
  rtmdetOptions,
  withObjectness,
} from './rtmdet-base-head';

const options = z.strictObject({
  ...rtmdetOptions,
  share_conv: z.boolean().default(true).describe('All levels share the convolutions of the towers'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions; not with share_conv'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', momentum: 0.03, eps: 0.001, requires_grad: true })
    .describe('Norm of the towers'),
  act_cfg: actCfg.default({ type: 'SiLU' }).describe('Activation of the towers'),
  pred_kernel_size: z.number().int().positive().default(1).describe('Kernel of the predictions'),
  exp_on_reg: z.boolean().default(false).describe('Distances are exponentials of what is predicted'),
});
export type RTMDetSepBNConfig = RTMDetConfig & z.output<typeof options>;
type Tower = ModuleList<ConvModule | DepthwiseSeparableConvModule>;

export class RTMDetSepBNHead extends RTMDetBaseHead {
  private readonly clsConvs: ModuleList<Tower>;
  private readonly regConvs: ModuleList<Tower>;
  private readonly cls: ModuleList<Conv2d>;
  private readonly reg: ModuleList<Conv2d>;
  private readonly obj: ModuleList<Conv2d> | undefined;
  private readonly exponential: boolean;

  constructor(config: RTMDetSepBNConfig, context: BuildContext) {
    super(config, context);
    this.exponential = config.exp_on_reg;
    const { feat_channels, pred_kernel_size: kernelSize } = config;
    const { strides } = this.priors;
    this.clsConvs = this.addChild('cls_convs', levelTowers(config, strides.length));
    this.regConvs = this.addChild('reg_convs', levelTowers(config, strides.length));
    const padding = Math.floor(kernelSize / 2);
    const predict = (outChannels: number) =>
      new ModuleList(strides.map(() => new Conv2d({ inChannels: feat_channels, outChannels, kernelSize, padding })));
    this.cls = this.addChild('rtm_cls', predict(this.numClasses));
    this.reg = this.addChild('rtm_reg', predict(4));
    if (config.with_objectness) this.obj = this.addChild('rtm_obj', predict(1));
    applyInitCfg(this, config.init_cfg);
    for (const conv of [...this.cls, ...(this.obj ?? [])]) conv.bias!.initializer = constant(-Math.log(99));
  }

  forward(features: tf.Tensor4D[]): RTMDetOutputs {
    const outputs = features.map((x, i) => {
      let [cls, reg] = [x, x];
      for (const conv of this.clsConvs.at(i)) cls = conv.forward(cls);
      for (const conv of this.regConvs.at(i)) reg = conv.forward(reg);
      const scores = this.cls.at(i).forward(cls);
      const raw = this.reg.at(i).forward(reg).cast<tf.Tensor4D>('float32');
      return {
        scores: this.obj ? withObjectness(scores, this.obj.at(i).forward(reg)) : scores,
        distances: tf.mul<tf.Tensor4D>(this.exponential ? tf.exp(raw) : raw, this.priors.strides[i][0]),
      };
    });
    return { scores: outputs.map((o) => o.scores), distances: outputs.map((o) => o.distances) };
  }
}

function levelTowers(config: RTMDetSepBNConfig, levels: number): ModuleList<Tower> {
  const tower = (): Tower =>
    new ModuleList(
      Array.from({ length: config.stacked_convs }, (_, i) => {
        const layer = {
          inChannels: i === 0 ? config.in_channels : config.feat_channels,
          outChannels: config.feat_channels,
          kernelSize: 3,
          padding: 1,
          convCfg: config.conv_cfg,
          normCfg: config.norm_cfg as NormCfg | null,
          actCfg: config.act_cfg as ActCfg,
        };
        return config.use_depthwise ? new DepthwiseSeparableConvModule(layer) : new ConvModule(layer);
      }),
    );
  const all = new ModuleList(Array.from({ length: levels }, tower));
  if (config.share_conv)
    for (let n = 1; n < levels; n++)
      for (let i = 0; i < config.stacked_convs; i++)
        (all.at(n).at(i) as ConvModule).shareConv(all.at(0).at(i) as ConvModule);
  return all;
}

export const rtmdetSepBNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetSepBNHead',
  summary: "RTMDet's head with norms of its own for each level over shared convolutions",
  paper: 'Lyu et al., RTMDet, 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RTMDetSepBNHead', num_classes: 80, stacked_convs: 2, anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => {
    if (given.share_conv && given.use_depthwise)
      throw new DetLabError(
        `Cannot build RTMDetSepBNHead at ${context.path}: depthwise separable convolutions are not shared among levels. ` +
          'Set share_conv or use_depthwise to false',
      );
    return inferDenseHead('RTMDetSepBNHead', given, context);
  },
  build: (given, context) => new RTMDetSepBNHead(given as RTMDetSepBNConfig, context),
});
