// YOLOv5HeadModule: for each level one 1x1 convolution with center, size, objectness and classes of every anchor (Jocher et
// al., YOLOv5, 2020; MMYOLO).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { applyInitCfg, Conv2d, type Initializer, Module, ModuleList } from '../../nn';
import { makeDivisible } from '../shared-options/scale-model';
import { type HeadModule, inferHeadModule } from './head-module';
import { initOption, numClassesOption, stridesText } from './head-options';

const count = z.int().positive();
export const yolov5ModuleOptions = {
  num_classes: numClassesOption,
  in_channels: z
    .union([count, z.array(count)])
    .optional()
    .describe('Channels of each feature level (or of all) before scaling by widen_factor'),
  widen_factor: z.number().positive().default(1).describe('Factor on the channels, rounded up to multiples of 8'),
  num_base_priors: count.default(3).describe('Anchors per cell'),
  featmap_strides: z.array(count).default([8, 16, 32]).describe(stridesText),
  init_cfg: initOption,
};
const options = z.strictObject(yolov5ModuleOptions);
export type YOLOv5HeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

export class YOLOv5HeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: { predictions: number };
  protected readonly preds: ModuleList<Conv2d>;

  constructor(config: YOLOv5HeadModuleConfig) {
    super();
    const { num_classes: classes, num_base_priors: anchors, featmap_strides, widen_factor } = config;
    this.numClasses = classes;
    this.columns = { predictions: 5 + classes };
    const layers = featmap_strides.map((_, i) => {
      const inChannels = makeDivisible(config.in_channels[i], widen_factor);
      return new Conv2d({ inChannels, outChannels: anchors * (5 + classes), kernelSize: 1 });
    });
    this.preds = this.addChild('convs_pred', new ModuleList(layers));
    applyInitCfg(this, config.init_cfg);
    for (const [i, conv] of layers.entries()) {
      const place = { stride: featmap_strides[i], classes, anchors };
      conv.bias!.initializer = fewObjects(conv.bias!.initializer, place);
    }
  }

  forwardSingle(x: tf.Tensor4D, level: number): { predictions: tf.Tensor4D } {
    return { predictions: this.preds.at(level).forward(x) };
  }
}

interface PredictorPlace {
  stride: number;
  classes: number;
  anchors: number;
  /** Subtracted from the number of classes, of which there are that many but one. */
  own?: number;
}

/** A start of biases to which the logits of rare objects are added: 8 in 640 x 640 pixels, of classes equally frequent. */
export function fewObjects(
  start: Initializer,
  { stride, classes, anchors, own = 0.999999 }: PredictorPlace,
): Initializer {
  const [object, label] = [Math.log(8 / (640 / stride) ** 2), Math.log(0.6 / (classes - own))];
  return (shape, random) => {
    const columns = shape[0] / anchors;
    return Float32Array.from(start(shape, random), (v, i) => {
      const column = i % columns;
      return v + (column === 4 ? object : column > 4 && column < 5 + classes ? label : 0);
    });
  };
}

export const yolov5HeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv5HeadModule',
  summary: 'Layers of the YOLOv5 head: one convolution per level for box, objectness and classes of each anchor',
  paper: 'Jocher et al., YOLOv5, 2020 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> [N, H, W, anchors * (5 + classes)]',
  example: "{ type: 'YOLOv5HeadModule', num_classes: 80, in_channels: [256, 512, 1024], widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('YOLOv5HeadModule', given, context, makeDivisible),
  build: (given) => new YOLOv5HeadModule(given as YOLOv5HeadModuleConfig),
});
