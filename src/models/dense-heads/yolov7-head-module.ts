// YOLOv7HeadModule: YOLOv5's 1x1 convolutions between implicit knowledge added before and multiplied after (Wang et al., YOLOv7,
// CVPR 2023; MMYOLO).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, Conv2d, Module, ModuleList, Sequential } from '../../nn';
import { ImplicitA, ImplicitM } from '../layers/implicit-knowledge';
import { makeDivisible } from '../shared-options/scale-model';
import { type HeadModule, inferHeadModule } from './head-module';
import { fewObjects, type YOLOv5HeadModuleConfig, yolov5ModuleOptions } from './yolov5-head-module';

export class YOLOv7HeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: { predictions: number };
  private readonly preds: ModuleList<Sequential<ImplicitA | Conv2d | ImplicitM>>;

  constructor(config: YOLOv5HeadModuleConfig) {
    super();
    const { num_classes: classes, num_base_priors: anchors, featmap_strides, widen_factor } = config;
    this.numClasses = classes;
    this.columns = { predictions: 5 + classes };
    const outChannels = anchors * (5 + classes);
    const widths = featmap_strides.map((_, i) => makeDivisible(config.in_channels[i], widen_factor));
    const convs = widths.map((inChannels) => new Conv2d({ inChannels, outChannels, kernelSize: 1 }));
    const layers = convs.map(
      (conv, i) =>
        new Sequential<ImplicitA | Conv2d | ImplicitM>([new ImplicitA(widths[i]), conv, new ImplicitM(outChannels)]),
    );
    this.preds = this.addChild('convs_pred', new ModuleList(layers));
    applyInitCfg(this, config.init_cfg);
    for (const [i, { bias }] of convs.entries())
      bias!.initializer = fewObjects(bias!.initializer, { stride: featmap_strides[i], classes, anchors, own: 0.99 });
  }

  forwardSingle(x: tf.Tensor4D, level: number): { predictions: tf.Tensor4D } {
    return { predictions: this.preds.at(level).forward(x) };
  }
}

export const yolov7HeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv7HeadModule',
  summary: 'Layers of the YOLOv7 head: one convolution per level for box, objectness and classes of each anchor',
  paper: 'Wang et al., YOLOv7, CVPR 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> [N, H, W, anchors * (5 + classes)]',
  example: "{ type: 'YOLOv7HeadModule', num_classes: 80, in_channels: [256, 512, 1024] }",
  options: z.strictObject(yolov5ModuleOptions),
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('YOLOv7HeadModule', given, context, makeDivisible),
  build: (given) => new YOLOv7HeadModule(given as YOLOv5HeadModuleConfig),
});
