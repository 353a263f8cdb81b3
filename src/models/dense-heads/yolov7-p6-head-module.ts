// YOLOv7p6HeadModule: YOLOv7's head of four levels, a 3x3 convolution before each prediction, and in training an auxiliary
// prediction beside it, which is assigned more anchors (Wang et al., CVPR 2023; MMYOLO). MMYOLO's `init_weights` makes the biases of
// the two predictions one storage; here they are two.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { actCfg, applyInitCfg, Conv2d, ConvModule, Module, ModuleList, Sequential } from '../../nn';
import { ImplicitA, ImplicitM } from '../layers/implicit-knowledge';
import { makeDivisible } from '../shared-options/scale-model';
import { type HeadModule, inferHeadModule } from './head-module';
import { yoloNormOption } from './head-options';
import { fewObjects, yolov5ModuleOptions } from './yolov5-head-module';

const channels = z.array(z.int().positive());
const options = z.strictObject({
  ...yolov5ModuleOptions,
  main_out_channels: channels.default([256, 512, 768, 1024]).describe('Channels of the 3x3 convolution of each level'),
  aux_out_channels: channels.default([320, 640, 960, 1280]).describe('The same of the auxiliary predictions'),
  use_aux: z.boolean().default(true).describe('Auxiliary predictions while training'),
  norm_cfg: yoloNormOption,
  act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation of the 3x3 convolutions'),
});
export type YOLOv7P6HeadModuleConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

type Layers = ModuleList<Sequential<ConvModule | ImplicitA | Conv2d | ImplicitM>>;

export class YOLOv7P6HeadModule extends Module implements HeadModule {
  readonly numClasses: number;
  readonly columns: Readonly<Record<string, number>>;
  private readonly preds: Layers;
  private readonly auxPreds?: Layers;

  constructor(config: YOLOv7P6HeadModuleConfig) {
    super();
    const { num_classes: classes, num_base_priors: anchors, featmap_strides: strides, use_aux } = config;
    const { norm_cfg: normCfg, act_cfg: actCfg } = config;
    this.numClasses = classes;
    this.columns = { predictions: 5 + classes, ...(use_aux && { auxiliary: 5 + classes }) };
    const outChannels = anchors * (5 + classes);
    const hidden = (i: number, width: number) => {
      const inChannels = makeDivisible(config.in_channels[i], config.widen_factor);
      return new ConvModule({ inChannels, outChannels: width, kernelSize: 3, padding: 1, normCfg, actCfg });
    };
    const predictor = (inChannels: number) => new Conv2d({ inChannels, outChannels, kernelSize: 1 });
    const [mains, auxes] = [config.main_out_channels, config.aux_out_channels].map((all) => all.map(predictor));
    const main = strides.map((_, i) => {
      const width = config.main_out_channels[i];
      return new Sequential([hidden(i, width), new ImplicitA(width), mains[i], new ImplicitM(outChannels)]);
    });
    this.preds = this.addChild('main_convs_pred', new ModuleList(main) as Layers);
    if (use_aux) {
      const aux = strides.map((_, i) => new Sequential([hidden(i, config.aux_out_channels[i]), auxes[i]]));
      this.auxPreds = this.addChild('aux_convs_pred', new ModuleList(aux) as Layers);
    }
    applyInitCfg(this, config.init_cfg);
    for (const convs of use_aux ? [mains, auxes] : [mains])
      for (const [i, stride] of strides.entries()) {
        const bias = convs[i].bias!;
        bias.initializer = fewObjects(bias.initializer, { stride, classes, anchors, own: 0.99 });
      }
  }

  forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const predictions = this.preds.at(level).forward(x);
    if (!this.training || !this.auxPreds) return { predictions };
    return { predictions, auxiliary: this.auxPreds.at(level).forward(x) };
  }
}

function infer(given: z.output<typeof options>, context: Parameters<typeof inferHeadModule>[2]) {
  const levels = given.featmap_strides.length;
  for (const name of ['main_out_channels', 'aux_out_channels'] as const)
    if (given[name].length !== levels)
      throw new DetLabError(
        `Cannot build YOLOv7p6HeadModule at ${context.path}: expected one of ${name} for each of ${levels} levels, received ` +
          `${given[name].length}`,
      );
  return inferHeadModule('YOLOv7p6HeadModule', given, context, makeDivisible);
}

export const yolov7P6HeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOv7p6HeadModule',
  summary: 'Layers of the YOLOv7 head of four levels, with auxiliary predictions while training',
  paper: 'Wang et al., YOLOv7, CVPR 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> [N, H, W, anchors * (5 + classes)], twice in training',
  example:
    "{ type: 'YOLOv7p6HeadModule', num_classes: 80, in_channels: [128, 256, 384, 512], featmap_strides: [8, 16, 32, 64] }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer,
  build: (given) => new YOLOv7P6HeadModule(given as YOLOv7P6HeadModuleConfig),
});
