// YOLOv8HeadModule: for each level a branch for the classes and one for the box, whose four distances are distributions
// over `reg_max` whole numbers (MMYOLO).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  constant,
  Module,
  ModuleList,
  Sequential,
} from '../../nn';
import { makeDivisible } from '../shared-options/scale-model';
import { expectedDistances } from './expected-distances';
import { type HeadModule, inferHeadModule } from './head-module';
import { initOption, numClassesOption, stridesText, yoloNormOption } from './head-options';
import type { YOLOPointMaps } from './yolo-point-head';

const options = z.strictObject({
  num_classes: numClassesOption,
  in_channels: z
    .array(z.number().int().positive())
    .optional()
    .describe('Channels of each feature level before scaling by widen_factor'),
  widen_factor: z.number().positive().default(1).describe('Factor on the channels, rounded up to multiples of 8'),
  num_base_priors: z.number().int().positive().default(1).describe('Priors per cell; always 1 here'),
  featmap_strides: z.array(z.number().int().positive()).default([8, 16, 32]).describe(stridesText),
  reg_max: z
    .number()
    .int()
    .positive()
    .default(16)
    .describe('Number of bins of each distance distribution; 1: predict plain distances'),
  norm_cfg: yoloNormOption,
  act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation of the towers'),
  init_cfg: initOption,
});
export type YOLOv8HeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

type Branch = Sequential<ConvModule | Conv2d>;

export class YOLOv8HeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<YOLOPointMaps, number>>;
  private readonly regMax: number;
  private readonly cls: ModuleList<Branch>;
  private readonly reg: ModuleList<Branch>;

  constructor(config: YOLOv8HeadModuleConfig) {
    super();
    const { num_classes: classes, reg_max, featmap_strides, widen_factor } = config;
    this.numClasses = classes;
    this.regMax = reg_max;
    this.columns = { scores: classes, deltas: 4, distributions: 4 * reg_max };
    const widths = config.in_channels.map((c) => makeDivisible(c, widen_factor));
    const branch = (inChannels: number, channels: number, outputs: number, bias: number): Branch => {
      const layer = {
        kernelSize: 3,
        padding: 1,
        normCfg: config.norm_cfg,
        actCfg: config.act_cfg as ActCfg,
      };
      return new Sequential<ConvModule | Conv2d>([
        new ConvModule({ inChannels, outChannels: channels, ...layer }),
        new ConvModule({ inChannels: channels, outChannels: channels, ...layer }),
        new Conv2d({ inChannels: channels, outChannels: outputs, kernelSize: 1, biasInit: constant(bias) }),
      ]);
    };
    const regChannels = Math.max(16, Math.floor(widths[0] / 4), reg_max * 4);
    const clsChannels = Math.max(widths[0], classes);
    // class prior: five objects per 640 x 640 image
    const prior = (stride: number) => Math.log(5 / classes / (640 / stride) ** 2);
    const all = featmap_strides.map((stride, i) => ({
      cls: branch(widths[i], clsChannels, classes, prior(stride)),
      reg: branch(widths[i], regChannels, 4 * reg_max, 1),
    }));
    this.cls = this.addChild('cls_preds', new ModuleList(all.map(({ cls }) => cls)));
    this.reg = this.addChild('reg_preds', new ModuleList(all.map(({ reg }) => reg)));
    applyInitCfg(this, config.init_cfg);
  }

  forwardSingle(x: tf.Tensor4D, level: number): Record<YOLOPointMaps, tf.Tensor4D> {
    const distributions = this.reg.at(level).forward(x);
    const deltas = this.regMax === 1 ? distributions : expectedDistances(distributions, this.regMax);
    return { scores: this.cls.at(level).forward(x), deltas, distributions };
  }
}

export const yolov8HeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv8HeadModule',
  summary: 'Layers of the YOLOv8 head: classes and distance distributions for each level',
  paper: 'Jocher et al., YOLOv8, 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> logits [N, H, W, classes] and distances [N, H, W, 4]',
  example: "{ type: 'YOLOv8HeadModule', num_classes: 80, in_channels: [256, 512, 1024], widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('YOLOv8HeadModule', given, context, makeDivisible),
  build: (given) => new YOLOv8HeadModule(given as YOLOv8HeadModuleConfig),
});
