// PPYOLOEHeadModule: for each level the classes and the distances' distributions from features that are weighted by channel
// (Xu et al., PP-YOLOE, 2022; MMYOLO).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, Conv2d, Module, ModuleList, normCfg } from '../../nn';
import { PPYOLOESELayer } from '../layers/ppyoloe-se-layer';
import { scaled } from '../shared-options/scale-model';
import { expectedDistances } from './expected-distances';
import { type HeadModule, inferHeadModule } from './head-module';
import { distanceModuleOptions, startDistances } from './yolov6-head-module';

const options = z.strictObject({
  ...distanceModuleOptions,
  reg_max: z.int().min(2).default(16).describe('Largest whole number of the distance distributions'),
  norm_cfg: normCfg
    .default({ type: 'BN', momentum: 0.1, eps: 1e-5, requires_grad: true })
    .describe('Normalisation of the hidden layers'),
});
export type PPYOLOEHeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

export class PPYOLOEHeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<string, number>>;
  private readonly bins: number;
  private readonly stems: Record<'cls' | 'reg', ModuleList<PPYOLOESELayer>>;
  private readonly preds: Record<'cls' | 'reg', ModuleList<Conv2d>>;

  constructor(config: PPYOLOEHeadModuleConfig) {
    super();
    const { num_classes: classes, reg_max, norm_cfg: normCfg, act_cfg: actCfg } = config;
    this.numClasses = classes;
    this.bins = reg_max + 1;
    this.columns = { scores: classes, deltas: 4, distributions: 4 * this.bins };
    const widths = config.in_channels.map((c) => scaled(c, config.widen_factor));
    const stems = () => new ModuleList(widths.map((channels) => new PPYOLOESELayer({ channels, normCfg, actCfg })));
    const predictors = (outChannels: number) =>
      new ModuleList(widths.map((inChannels) => new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 })));
    const [cls, reg] = [predictors(classes), predictors(4 * this.bins)];
    this.preds = { cls: this.addChild('cls_preds', cls), reg: this.addChild('reg_preds', reg) };
    this.stems = { cls: this.addChild('cls_stems', stems()), reg: this.addChild('reg_stems', stems()) };
    applyInitCfg(this, config.init_cfg);
    startDistances(cls, reg);
  }

  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const average = tf.mean<tf.Tensor4D>(x, [1, 2], true); // [N, 1, 1, C]
    const { stems, preds } = this;
    const classes = tf.add<tf.Tensor4D>(stems.cls.at(level).forward(x, average), x);
    const distributions = preds.reg.at(level).forward(stems.reg.at(level).forward(x, average));
    const deltas = expectedDistances(distributions, this.bins);
    return { scores: preds.cls.at(level).forward(classes), deltas, distributions };
  }
}

export const ppyoloeHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'PPYOLOEHeadModule',
  summary: 'Layers of the PP-YOLOE head: classes and distance distributions from features weighted by channel',
  paper: 'Xu et al., PP-YOLOE, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> logits [N, H, W, classes] and distances [N, H, W, 4]',
  example: "{ type: 'PPYOLOEHeadModule', num_classes: 80, in_channels: [192, 384, 768], widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('PPYOLOEHeadModule', given, context, scaled),
  build: (given) => new PPYOLOEHeadModule(given as PPYOLOEHeadModuleConfig),
});
