// YOLOv5InsHeadModule: YOLOv5's predictions, with the coefficients of a mask for each anchor, and the prototypes of masks that they
// combine, from the finest level (Jocher et al., YOLOv5, 2020, after YOLACT; MMYOLO).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { type ActCfg, actCfg, applyInitCfg, Conv2d, ConvModule, Module, ModuleList, type NormCfg } from '../../nn';
import { upsampleNearest } from '../../ops/resize-nearest';
import { makeDivisible } from '../shared-options/scale-model';
import { type HeadModule, inferHeadModule } from './head-module';
import { yoloNormOption } from './head-options';
import { fewObjects, yolov5ModuleOptions } from './yolov5-head-module';

const options = z.strictObject({
  ...yolov5ModuleOptions,
  mask_channels: z.int().positive().default(32).describe('Prototypes of masks, and coefficients of each anchor'),
  proto_channels: z.int().positive().default(256).describe('Hidden channels of the prototypes, before widen_factor'),
  norm_cfg: yoloNormOption,
  act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation of the prototypes'),
});
export type YOLOv5InsHeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

interface ProtoConfig {
  inChannels: number;
  middleChannels: number;
  maskChannels: number;
  normCfg: NormCfg;
  actCfg: ActCfg;
}

/** The prototypes, of twice the size. */
class ProtoModule extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly conv3: ConvModule;

  constructor({ inChannels, middleChannels: mid, maskChannels, normCfg, actCfg }: ProtoConfig) {
    super();
    const conv = (from: number, to: number, kernelSize: 1 | 3) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize, padding: kernelSize >> 1, normCfg, actCfg });
    this.conv1 = this.addChild('conv1', conv(inChannels, mid, 3));
    this.conv2 = this.addChild('conv2', conv(mid, mid, 3));
    this.conv3 = this.addChild('conv3', conv(mid, maskChannels, 1));
  }

  /** [N, H, W, inChannels] -> [N, 2 H, 2 W, maskChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv3.forward(this.conv2.forward(upsampleNearest(this.conv1.forward(x), 2))));
  }
}

export class YOLOv5InsHeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly maskChannels: number;
  readonly columns: { predictions: number; prototypes: number };
  private readonly preds: ModuleList<Conv2d>;
  private readonly proto: ProtoModule;

  constructor(config: YOLOv5InsHeadModuleConfig) {
    super();
    const { num_classes: classes, num_base_priors: anchors, featmap_strides, widen_factor } = config;
    this.numClasses = classes;
    this.maskChannels = config.mask_channels;
    this.columns = { predictions: 5 + classes + this.maskChannels, prototypes: this.maskChannels };
    const widths = featmap_strides.map((_, i) => makeDivisible(config.in_channels[i], widen_factor));
    const outChannels = anchors * this.columns.predictions;
    const layers = widths.map((inChannels) => new Conv2d({ inChannels, outChannels, kernelSize: 1 }));
    this.preds = this.addChild('convs_pred', new ModuleList(layers));
    const proto = {
      inChannels: widths[0],
      middleChannels: makeDivisible(config.proto_channels, widen_factor),
      maskChannels: this.maskChannels,
      normCfg: config.norm_cfg,
      actCfg: config.act_cfg,
    };
    this.proto = this.addChild('proto_pred', new ProtoModule(proto));
    applyInitCfg(this, config.init_cfg);
    for (const [i, { bias }] of layers.entries())
      bias!.initializer = fewObjects(bias!.initializer, { stride: featmap_strides[i], classes, anchors });
  }

  forwardSingle(x: tf.Tensor4D, level: number): { predictions: tf.Tensor4D } {
    return { predictions: this.preds.at(level).forward(x) };
  }

  /** The finest level -> prototypes of masks [N, 2 H, 2 W, mask_channels]. */
  forwardPrototypes(finest: tf.Tensor4D): tf.Tensor4D {
    return this.proto.forward(finest);
  }
}

export const yolov5InsHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv5InsHeadModule',
  summary: 'Layers of the YOLOv5 head with masks: coefficients of each anchor, and prototypes that they combine',
  paper: 'Jocher et al., YOLOv5, 2020 (MMYOLO)',
  shapes:
    'feature levels [N, H, W, C] -> [N, H, W, anchors * (5 + classes + mask_channels)]; prototypes of twice the finest level',
  example: "{ type: 'YOLOv5InsHeadModule', num_classes: 80, in_channels: [256, 512, 1024], widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferHeadModule('YOLOv5InsHeadModule', given, context, makeDivisible),
  build: (given) => new YOLOv5InsHeadModule(given as YOLOv5InsHeadModuleConfig),
});
