// YOLOXHeadModule: the layers of YOLOXHead (Ge et al., YOLOX, 2021) with a width factor, as MMYOLO has them.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, type Conv2d, Module, type ModuleList } from '../../nn';
import { scaled } from '../shared-options/scale-model';
import { type HeadModule, inferHeadModule } from './head-module';
import {
  actOption,
  dcnTowerOptions,
  depthwiseOption,
  initOption,
  numClassesOption,
  stridesText,
  towerOptions,
  yoloNormOption,
} from './head-options';
import { LevelTowers } from './level-towers';
import { rareClassBias } from './rare-class-bias';

const count = z.int().positive();
/** Of modules with the same towers on all levels. */
export const towerModuleOptions = {
  num_classes: numClassesOption,
  in_channels: count.optional().describe('Channels of the feature levels before scaling by widen_factor'),
  widen_factor: z.number().positive().default(1).describe('Factor on the channels, rounded down'),
  num_base_priors: z.literal(1).default(1).describe('Points per cell'),
  feat_channels: count.default(256).describe('Channels of the hidden layers before scaling by widen_factor'),
  ...towerOptions,
  stacked_convs: count.default(2).describe('Number of 3x3 convolutions in each tower'),
  featmap_strides: z.array(count).default([8, 16, 32]).describe(stridesText),
  act_cfg: actOption('SiLU'),
  init_cfg: initOption,
};
export const yoloxModuleOptions = {
  ...towerModuleOptions,
  use_depthwise: depthwiseOption,
  ...dcnTowerOptions,
  norm_cfg: yoloNormOption,
};
const options = z.strictObject(yoloxModuleOptions);
export type YOLOXHeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export class YOLOXHeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  private readonly towers: LevelTowers;
  private readonly preds: Record<'cls' | 'reg' | 'obj', ModuleList<Conv2d>>;

  constructor(config: YOLOXHeadModuleConfig) {
    super();
    this.numClasses = config.num_classes;
    this.towers = new LevelTowers(scaledTowers(config), { levels: config.featmap_strides.length });
    this.addChild('multi_level_cls_convs', this.towers.cls);
    this.addChild('multi_level_reg_convs', this.towers.reg);
    const predictors = (name: 'cls' | 'reg' | 'obj', outChannels: number) =>
      this.addChild(`multi_level_conv_${name}`, this.towers.predictors(outChannels, 1));
    this.preds = {
      cls: predictors('cls', config.num_classes),
      reg: predictors('reg', 4),
      obj: predictors('obj', 1),
    };
    this.initialize(config);
  }

  get columns(): Readonly<Record<string, number>> {
    return { scores: this.numClasses, deltas: 4, objectness: 1 };
  }

  protected initialize({ init_cfg }: YOLOXHeadModuleConfig): void {
    applyInitCfg(this, init_cfg);
    for (const conv of [...this.preds.cls, ...this.preds.obj]) conv.bias!.initializer = rareClassBias;
  }

  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    return {
      scores: this.preds.cls.at(level).forward(cls),
      deltas: this.preds.reg.at(level).forward(reg),
      objectness: this.preds.obj.at(level).forward(reg),
    };
  }
}

/** A config of towers with the channels scaled. */
export const scaledTowers = <C extends { in_channels: number; feat_channels: number; widen_factor: number }>(
  config: C,
): C => ({
  ...config,
  in_channels: scaled(config.in_channels, config.widen_factor),
  feat_channels: scaled(config.feat_channels, config.widen_factor),
});

interface TowerModuleOptions {
  num_classes?: number;
  in_channels?: number;
  feat_channels: number;
  widen_factor: number;
  featmap_strides: number[];
}

/** As inferHeadModule, of modules that read one number of channels. */
export function inferTowerModule<O extends TowerModuleOptions>(
  type: string,
  given: O,
  context: Parameters<typeof inferHeadModule>[2],
): O & { num_classes: number; in_channels: number } {
  const inferred = inferHeadModule(type, { ...given }, context, scaled);
  const feat_channels = given.in_channels ? given.feat_channels : scaled(given.feat_channels, given.widen_factor);
  return { ...inferred, feat_channels, in_channels: inferred.in_channels[0] };
}

export const yoloxHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOXHeadModule',
  summary: 'Layers of the YOLOX head: two towers per level for classes, and for box and objectness',
  paper: 'Ge et al., YOLOX, 2021 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> logits [N, H, W, classes], codes [N, H, W, 4] and objectness [N, H, W, 1]',
  example: "{ type: 'YOLOXHeadModule', num_classes: 80, in_channels: 256, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferTowerModule('YOLOXHeadModule', given, context),
  build: (given) => new YOLOXHeadModule(given as YOLOXHeadModuleConfig),
});
