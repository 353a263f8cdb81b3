// YOLOv6HeadModule: for each level a stem, then one 3x3 convolution and a prediction each for the classes and the four
// distances (Li et al., YOLOv6, 2022; MMYOLO).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { actCfg, applyInitCfg, Conv2d, ConvModule, constant, Module, ModuleList, zeros } from '../../nn';
import { scaled } from '../shared-options/scale-model';
import { expectedDistances } from './expected-distances';
import { type HeadModule, inferHeadModule } from './head-module';
import { initOption, numClassesOption, stridesText, yoloNormOption } from './head-options';
import { rareClassBias } from './rare-class-bias';

const count = z.int().positive();
export const distanceModuleOptions = {
  num_classes: numClassesOption,
  in_channels: z
    .union([count, z.array(count)])
    .optional()
    .describe('Channels of each feature level (or of all) before scaling by widen_factor'),
  widen_factor: z.number().positive().default(1).describe('Factor on the channels, rounded down'),
  num_base_priors: z.literal(1).default(1).describe('Points per cell'),
  featmap_strides: z.array(count).default([8, 16, 32]).describe(stridesText),
  act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation of the hidden layers'),
  init_cfg: initOption,
};
const options = z.strictObject({
  ...distanceModuleOptions,
  reg_max: z
    .int()
    .min(0)
    .refine((v) => v !== 1, 'expected 0 or at least 2')
    .default(0)
    .describe('Largest whole number of the distance distributions; 0: predict plain distances'),
  norm_cfg: yoloNormOption,
});
export type YOLOv6HeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

export class YOLOv6HeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<string, number>>;
  private readonly bins: number;
  private readonly stems: ModuleList<ConvModule>;
  private readonly convs: Record<'cls' | 'reg', ModuleList<ConvModule>>;
  private readonly preds: Record<'cls' | 'reg', ModuleList<Conv2d>>;

  constructor(config: YOLOv6HeadModuleConfig) {
    super();
    const { num_classes: classes, reg_max, norm_cfg: normCfg, act_cfg: actCfg } = config;
    this.numClasses = classes;
    this.bins = reg_max + 1;
    this.columns = { scores: classes, deltas: 4, ...(reg_max > 1 && { distributions: 4 * this.bins }) };
    const widths = config.featmap_strides.map((_, i) => scaled(config.in_channels[i], config.widen_factor));
    const layers = (kernelSize: number) =>
      new ModuleList(
        widths.map((c) => {
          const shape = { inChannels: c, outChannels: c, kernelSize, padding: kernelSize >> 1 };
          return new ConvModule({ ...shape, normCfg, actCfg });
        }),
      );
    const predictors = (outChannels: number) =>
      new ModuleList(widths.map((inChannels) => new Conv2d({ inChannels, outChannels, kernelSize: 1 })));
    const [cls, reg] = [layers(3), layers(3)];
    const [clsPreds, regPreds] = [predictors(classes), predictors(4 * this.bins)];
    this.convs = { cls: this.addChild('cls_convs', cls), reg: this.addChild('reg_convs', reg) };
    this.preds = { cls: this.addChild('cls_preds', clsPreds), reg: this.addChild('reg_preds', regPreds) };
    this.stems = this.addChild('stems', layers(1));
    applyInitCfg(this, config.init_cfg);
    startDistances(clsPreds, regPreds);
  }

  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const stem = this.stems.at(level).forward(x);
    const predict = (part: 'cls' | 'reg') =>
      this.preds[part].at(level).forward(this.convs[part].at(level).forward(stem));
    const [scores, distances] = [predict('cls'), predict('reg')];
    if (this.bins === 1) return { scores, deltas: distances };
    return { scores, deltas: expectedDistances(distances, this.bins), distributions: distances };
  }
}

/** Rare classes, and the same distances everywhere. */
export function startDistances(cls: ModuleList<Conv2d>, reg: ModuleList<Conv2d>): void {
  for (const conv of [...cls, ...reg]) conv.weight.initializer = zeros;
  for (const conv of cls) conv.bias!.initializer = rareClassBias;
  for (const conv of reg) conv.bias!.initializer = constant(1);
}

export const yolov6HeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv6HeadModule',
  summary: 'Layers of the YOLOv6 head: a stem per level, classes and distances',
  paper: 'Li et al., YOLOv6, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> logits [N, H, W, classes] and distances [N, H, W, 4]',
  example: "{ type: 'YOLOv6HeadModule', num_classes: 80, in_channels: [128, 256, 512], widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('YOLOv6HeadModule', given, context, scaled),
  build: (given) => new YOLOv6HeadModule(given as YOLOv6HeadModuleConfig),
});
