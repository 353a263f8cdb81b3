// RTMDetSepBNHead: towers whose convolutions all levels may share, with norms and predictions per level
// (Lyu et al., RTMDet, 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { type Conv2d, type ModuleList, normCfg } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { AnchorMaps } from './anchor-head';
import { actOption, predKernelOption } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { LevelTowers } from './level-towers';
import { rareClassBias } from './rare-class-bias';
import { RTMDetBaseHead, type RTMDetConfig, rtmdetOptions, withObjectness } from './rtmdet-base-head';

const options = z.strictObject({
  ...rtmdetOptions,
  share_conv: z.boolean().default(true).describe('Share the convolutions of the towers among all levels'),
  use_depthwise: z.boolean().default(false).describe('Use depthwise separable convolutions; not with share_conv'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', momentum: 0.03, eps: 0.001, requires_grad: true })
    .describe('Normalisation of the towers'),
  act_cfg: actOption('SiLU'),
  pred_kernel_size: predKernelOption(1),
  exp_on_reg: z.boolean().default(false).describe('Predict the logarithms of the distances'),
});
export type RTMDetSepBNConfig = RTMDetConfig & z.output<typeof options>;

export class RTMDetSepBNHead extends RTMDetBaseHead<RTMDetSepBNConfig> {
  protected readonly towers: LevelTowers;
  protected readonly cls: ModuleList<Conv2d>;
  protected readonly reg: ModuleList<Conv2d>;
  protected readonly obj: ModuleList<Conv2d> | undefined;

  constructor(config: RTMDetSepBNConfig, context: BuildContext) {
    super(config, context);
    this.towers = new LevelTowers(config, { levels: this.priors.numLevels, share: config.share_conv });
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const predict = (outChannels: number) => this.towers.predictors(outChannels, config.pred_kernel_size);
    this.cls = this.addChild('rtm_cls', predict(this.numClasses));
    this.reg = this.addChild('rtm_reg', predict(4));
    if (config.with_objectness) this.obj = this.addChild('rtm_obj', predict(1));
    initializeDenseHead(this, config.init_cfg);
    for (const conv of [...this.cls, ...(this.obj ?? [])]) conv.bias!.initializer = rareClassBias;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    const scores = this.cls.at(level).forward(cls);
    const raw = this.reg.at(level).forward(reg).cast<tf.Tensor4D>('float32');
    const distances = this.config.exp_on_reg ? tf.exp(raw) : raw;
    return {
      scores: this.obj ? withObjectness(scores, this.obj.at(level).forward(reg)) : scores,
      deltas: tf.mul<tf.Tensor4D>(distances, this.priors.strides[level][0]),
    };
  }
}

export const rtmdetSepBNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetSepBNHead',
  summary: "RTMDet's head with shared convolutions and separate normalisation per level",
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
