// RTMDetSepBNHeadModule: RTMDet's towers, whose convolutions all levels may share, with a width factor (Lyu et al., RTMDet, 2022;
// MMYOLO).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, BatchNorm2d, Conv2d, Module, type ModuleList, normal, normCfg, zeros } from '../../nn';
import type { HeadModule } from './head-module';
import { predKernelOption } from './head-options';
import { LevelTowers } from './level-towers';
import { rareClassBias } from './rare-class-bias';
import { inferTowerModule, scaledTowers, towerModuleOptions } from './yolox-head-module';

export const rtmdetModuleOptions = {
  ...towerModuleOptions,
  share_conv: z.boolean().default(true).describe('Share the convolutions of the towers among all levels'),
  pred_kernel_size: predKernelOption(1),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Norm of the towers'),
};
const options = z.strictObject(rtmdetModuleOptions);
export type RTMDetSepBNHeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export class RTMDetSepBNHeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<string, number>>;
  protected readonly towers: LevelTowers;
  private readonly cls: ModuleList<Conv2d>;
  private readonly reg: ModuleList<Conv2d>;

  constructor(protected readonly config: RTMDetSepBNHeadModuleConfig) {
    super();
    const { num_classes: classes, pred_kernel_size: size, share_conv: share, featmap_strides } = config;
    this.numClasses = classes;
    this.columns = { scores: classes, deltas: 4 };
    this.towers = new LevelTowers(scaledTowers(config), { levels: featmap_strides.length, share });
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    this.cls = this.addChild('rtm_cls', this.towers.predictors(classes, size));
    this.reg = this.addChild('rtm_reg', this.towers.predictors(4, size));
    this.startValues();
  }

  /** The reference's starting values, whatever `init_cfg` says of the same layers. */
  protected startValues(): void {
    applyInitCfg(this, this.config.init_cfg);
    for (const [, part] of this.modules()) {
      if (part instanceof Conv2d) [part.weight.initializer] = [normal(0.01)];
      if (part instanceof Conv2d && part.bias) part.bias.initializer = zeros;
      if (part instanceof BatchNorm2d) part.bias.initializer = zeros;
    }
    for (const conv of this.cls) conv.bias!.initializer = rareClassBias;
  }

  /** `deltas` in pixels. */
  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    return this.predict(cls, reg, level);
  }

  /** The maps of a level from what its towers put out. */
  protected predict(cls: tf.Tensor4D, reg: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const distances = this.reg.at(level).forward(reg).cast<tf.Tensor4D>('float32');
    const deltas = tf.mul<tf.Tensor4D>(distances, this.config.featmap_strides[level]);
    return { scores: this.cls.at(level).forward(cls), deltas };
  }
}

export const rtmdetSepBNHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'RTMDetSepBNHeadModule',
  summary: 'Layers of the RTMDet head: shared convolutions with separate normalisation per level',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> logits [N, H, W, classes] and distances [N, H, W, 4] in pixels',
  example: "{ type: 'RTMDetSepBNHeadModule', num_classes: 80, in_channels: 256, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferTowerModule('RTMDetSepBNHeadModule', given, context),
  build: (given) => new RTMDetSepBNHeadModule(given as RTMDetSepBNHeadModuleConfig),
});
