// RTMDetInsSepBNHeadModule: the layers of RTMDet-Ins with a width factor (Lyu et al., RTMDet, 2022; MMYOLO).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, BatchNorm2d, Conv2d, constant, Module, normal, normCfg, zeros } from '../../nn';
import type { HeadModule } from './head-module';
import { predKernelOption } from './head-options';
import { rareClassBias } from './rare-class-bias';
import { insLayerOptions, RTMDetInsLayers } from './rtmdet-ins-layers';
import { inferTowerModule, scaledTowers, towerModuleOptions } from './yolox-head-module';

const options = z.strictObject({
  ...towerModuleOptions,
  ...insLayerOptions,
  share_conv: z.boolean().default(true).describe('Share the convolutions of the towers of classes among all levels'),
  pred_kernel_size: predKernelOption(1),
  use_sigmoid_cls: z.literal(true).default(true).describe('Must be true: classes have a sigmoid each'),
  norm_cfg: normCfg
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Norm of the towers'),
});
export type RTMDetInsSepBNHeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export class RTMDetInsSepBNHeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<'scores' | 'deltas' | 'kernels' | 'maskFeatures', number>>;
  readonly layers: RTMDetInsLayers;

  constructor(private readonly config: RTMDetInsSepBNHeadModuleConfig) {
    super();
    const { num_classes: classes, featmap_strides } = config;
    this.numClasses = classes;
    const size = { levels: featmap_strides.length, classes };
    this.layers = new RTMDetInsLayers(scaledTowers(config), size, (name, child) => this.addChild(name, child));
    this.columns = { scores: classes, deltas: 4, kernels: this.layers.parameters, maskFeatures: config.num_prototypes };
    applyInitCfg(this, config.init_cfg);
    for (const [, part] of this.modules()) {
      if (part instanceof Conv2d) [part.weight.initializer] = [normal(0.01)];
      if (part instanceof Conv2d && part.bias) part.bias.initializer = zeros;
      if (part instanceof BatchNorm2d) part.bias.initializer = zeros;
    }
    for (const conv of this.layers.cls) conv.bias!.initializer = rareClassBias;
    for (const conv of this.layers.reg) conv.bias!.initializer = constant(1);
  }

  /** `deltas` in pixels. */
  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const { scores, distances, kernels } = this.layers.forward(x, level);
    return { scores, deltas: tf.mul<tf.Tensor4D>(distances, this.config.featmap_strides[level]), kernels };
  }
}

export const rtmdetInsSepBNHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'RTMDetInsSepBNHeadModule',
  summary: 'Layers of the RTMDet head with masks, scaled by a width factor',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes:
    'feature levels [N, H, W, C] -> logits [N, H, W, classes], distances [N, H, W, 4] in pixels, weights of networks [N, H, W, K]',
  example: "{ type: 'RTMDetInsSepBNHeadModule', num_classes: 80, in_channels: 256, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferTowerModule('RTMDetInsSepBNHeadModule', given, context),
  build: (given) => new RTMDetInsSepBNHeadModule(given as RTMDetInsSepBNHeadModuleConfig),
});
