// RTMDetHead: one pair of towers for all levels, a factor on the boxes of each (Lyu et al., RTMDet, 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Conv2d, ModuleList, Scale } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { AnchorMaps } from './anchor-head';
import { initializeDenseHead } from './initialize-dense-head';
import { rareClassBias } from './rare-class-bias';
import { RTMDetBaseHead, type RTMDetConfig, rtmdetOptions, withObjectness } from './rtmdet-base-head';
import { levelScales, TowerPair } from './tower-pair';

export class RTMDetHead extends RTMDetBaseHead {
  protected readonly towers: TowerPair;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly obj: Conv2d | undefined;
  protected readonly scales: ModuleList<Scale>;

  constructor(config: RTMDetConfig, context: BuildContext) {
    super(config, context);
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const predict = (outChannels: number) => this.towers.predictor(outChannels, config.pred_kernel_size);
    this.cls = this.addChild('rtm_cls', predict(this.numClasses));
    this.reg = this.addChild('rtm_reg', predict(4));
    if (config.with_objectness) this.obj = this.addChild('rtm_obj', predict(1));
    this.scales = this.addChild('scales', levelScales(this.priors.numLevels));
    initializeDenseHead(this, config.init_cfg);
    for (const conv of [this.cls, this.obj]) if (conv) conv.bias!.initializer = rareClassBias;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const scores = this.cls.forward(cls);
    const distances = this.scales
      .at(level)
      .forward(tf.exp(this.reg.forward(reg)))
      .cast('float32');
    return {
      scores: this.obj ? withObjectness(scores, this.obj.forward(reg)) : scores,
      deltas: tf.mul<tf.Tensor4D>(distances, this.priors.strides[level][0]),
    };
  }
}

export const rtmdetHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetHead',
  summary: 'Anchor-free head with towers shared by all levels, for dynamic soft label assignment',
  paper: 'Lyu et al., RTMDet, 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RTMDetHead', num_classes: 80, anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options: z.strictObject(rtmdetOptions),
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RTMDetHead', given, context),
  build: (given, context) => new RTMDetHead(given as RTMDetConfig, context),
});
