// GlobalContextHead: which classes are in an image, and a vector of the image that helps to tell RoIs apart (Vu, Kang and Yoo, SCNet,
// AAAI 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import {
  applyInitCfg,
  ConvModule,
  convCfg,
  type InitCfg,
  initCfg,
  Linear,
  Module,
  ModuleList,
  normCfg,
} from '../../../nn';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';
import { simplifiedResLayer } from '../../layers/simplified-res-layer';
import { bceWithLogits } from '../../losses';

const size = z.number().int().positive();
const start: InitCfg = { type: 'Normal', std: 0.01, override: { name: 'fc' } };
const options = z.strictObject({
  num_convs: size.default(4).describe('Convolutions'),
  in_channels: size.optional().describe('Channels of the feature levels'),
  conv_out_channels: size.default(256).describe('Channels of the convolutions, and of the vector'),
  num_classes: size.optional().describe('Foreground classes'),
  loss_weight: z.number().default(1).describe('Factor on the loss'),
  conv_cfg: convCfg.nullish().describe('Kind of the convolutions'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  conv_to_res: z
    .boolean()
    .default(false)
    .describe('Residual blocks, half as many as num_convs, in place of convolutions'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});
type Config = z.output<typeof options> & { in_channels: number; num_classes: number };

export class GlobalContextHead extends Module {
  private readonly convs: Iterable<{ forward(x: tf.Tensor4D): tf.Tensor4D }>;
  private readonly fc: Linear;

  constructor(private readonly config: Config) {
    super();
    const { num_convs, in_channels, conv_out_channels: outChannels, num_classes } = config;
    const kinds = { convCfg: config.conv_cfg, normCfg: config.norm_cfg };
    const conv = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? in_channels : outChannels,
        outChannels,
        kernelSize: 3,
        padding: 1,
        ...kinds,
      });
    this.convs = config.conv_to_res
      ? this.addChild('convs', simplifiedResLayer(in_channels, outChannels, num_convs >> 1, kinds))
      : this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, conv)));
    this.fc = this.addChild('fc', new Linear({ inFeatures: outChannels, outFeatures: num_classes }));
    applyInitCfg(this, config.init_cfg);
  }

  /** Of the coarsest level: logits of the classes [N, classes], vectors [N, 1, 1, C]. */
  forward(levels: tf.Tensor4D[]): { logits: tf.Tensor2D; vectors: tf.Tensor4D } {
    let x = levels[levels.length - 1];
    for (const conv of this.convs) x = conv.forward(x);
    const vectors = tf.mean<tf.Tensor4D>(x, [1, 2], true);
    return { logits: this.fc.forward(vectors.reshape<tf.Tensor2D>([vectors.shape[0], -1])), vectors };
  }

  /** Binary cross entropy of the classes among the ground truth of each image. */
  loss(logits: tf.Tensor2D, labels: readonly Int32Array[]): tf.Scalar {
    const [images, classes] = logits.shape;
    const targets = new Float32Array(images * classes);
    for (const [i, ofImage] of labels.entries()) for (const label of ofImage) targets[i * classes + label] = 1;
    const each = bceWithLogits(logits.cast('float32'), tf.tensor2d(targets, [images, classes]));
    return tf.mul(tf.mean(each), this.config.loss_weight) as tf.Scalar;
  }
}

declare module '../../../catalogue/registry' {
  interface Built {
    glbctx_head: GlobalContextHead;
  }
}

export const globalContextHeadDefinition = defineModule({
  kind: 'glbctx_head',
  type: 'GlobalContextHead',
  summary: 'Predicts which classes are in an image; its features are added to those of the RoIs',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'feature levels [N, H, W, C] -> logits [N, classes], vectors [N, 1, 1, C]',
  example: "{ type: 'GlobalContextHead', num_convs: 4, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context: BuildContext) => ({
    ...given,
    in_channels: inferHeadChannels('GlobalContextHead', given.in_channels, context),
    num_classes: inferNumClasses('GlobalContextHead', given.num_classes, context),
  }),
  build: (given) => new GlobalContextHead(given as Config),
});
