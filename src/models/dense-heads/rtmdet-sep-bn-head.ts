// RTMDetSepBNHead: towers whose convolutions all levels may share while each has norms and predictions of its own
// (Lyu et al., RTMDet, 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { type ActCfg, actCfg, applyInitCfg, Conv2d, constant, ModuleList, type NormCfg, normCfg } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { eachLevel } from './each-level';
import { type LevelTowers, levelTowers } from './level-towers';
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

export class RTMDetSepBNHead extends RTMDetBaseHead {
  private readonly clsConvs: LevelTowers;
  private readonly regConvs: LevelTowers;
  private readonly cls: ModuleList<Conv2d>;
  private readonly reg: ModuleList<Conv2d>;
  private readonly obj: ModuleList<Conv2d> | undefined;
  private readonly exponential: boolean;

  constructor(config: RTMDetSepBNConfig, context: BuildContext) {
    super(config, context);
    this.exponential = config.exp_on_reg;
    const { feat_channels, pred_kernel_size: kernelSize } = config;
    const { strides } = this.priors;
    const tower = () =>
      levelTowers({
        levels: strides.length,
        share: config.share_conv,
        inChannels: config.in_channels,
        channels: feat_channels,
        count: config.stacked_convs,
        conv_cfg: config.conv_cfg,
        norm_cfg: config.norm_cfg as NormCfg | null,
        act_cfg: config.act_cfg as ActCfg,
        use_depthwise: config.use_depthwise,
      });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
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
    const outputs = eachLevel(features, (x, i) => {
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
