// RTMDetHead: one pair of towers for all levels, a factor on the boxes of each (Lyu et al., RTMDet, 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import {
  type ActCfg,
  applyInitCfg,
  Conv2d,
  type ConvModule,
  constant,
  ModuleList,
  type NormCfg,
  Scale,
} from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { eachLevel } from './each-level';
import {
  RTMDetBaseHead,
  type RTMDetConfig,
  type RTMDetOutputs,
  rtmdetOptions,
  withObjectness,
} from './rtmdet-base-head';
import { towers } from './towers';

export class RTMDetHead extends RTMDetBaseHead {
  private readonly clsConvs: ModuleList<ConvModule>;
  private readonly regConvs: ModuleList<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly obj: Conv2d | undefined;
  private readonly scales: ModuleList<Scale>;

  constructor(config: RTMDetConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, stacked_convs, pred_kernel_size: kernelSize, conv_cfg } = config;
    const tower = () =>
      towers({
        inChannels: in_channels,
        channels: feat_channels,
        count: stacked_convs,
        conv_cfg,
        norm_cfg: config.norm_cfg as NormCfg | null,
        act_cfg: config.act_cfg as ActCfg,
      });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    const padding = Math.floor(kernelSize / 2);
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels: feat_channels, outChannels, kernelSize, padding });
    this.cls = this.addChild('rtm_cls', predict(this.numClasses));
    this.reg = this.addChild('rtm_reg', predict(4));
    if (config.with_objectness) this.obj = this.addChild('rtm_obj', predict(1));
    this.scales = this.addChild('scales', new ModuleList(this.priors.strides.map(() => new Scale())));
    applyInitCfg(this, config.init_cfg);
    for (const conv of [this.cls, this.obj]) if (conv) conv.bias!.initializer = constant(-Math.log(99));
  }

  forward(features: tf.Tensor4D[]): RTMDetOutputs {
    const outputs = eachLevel(features, (x, i) => {
      let [cls, reg] = [x, x];
      for (const conv of this.clsConvs) cls = conv.forward(cls);
      for (const conv of this.regConvs) reg = conv.forward(reg);
      const scores = this.cls.forward(cls);
      const distances = this.scales
        .at(i)
        .forward(tf.exp(this.reg.forward(reg)))
        .cast('float32');
      return {
        scores: this.obj ? withObjectness(scores, this.obj.forward(reg)) : scores,
        distances: tf.mul<tf.Tensor4D>(distances, this.priors.strides[i][0]),
      };
    });
    return { scores: outputs.map((o) => o.scores), distances: outputs.map((o) => o.distances) };
  }
}

export const rtmdetHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetHead',
  summary: 'Classes and distances of the sides for every point, learnt by dynamic soft labels',
  paper: 'Lyu et al., RTMDet, 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RTMDetHead', num_classes: 80, anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options: z.strictObject(rtmdetOptions),
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RTMDetHead', given, context),
  build: (given, context) => new RTMDetHead(given as RTMDetConfig, context),
});
