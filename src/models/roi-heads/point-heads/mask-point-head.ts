// MaskPointHead: whether points are on the object, from fine features and the coarse prediction (Kirillov et al., PointRend, CVPR 2020).
// The reference's convolutions of one dimension with kernels of 1 are linear layers on points, with its shapes of weights.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { Module, ModuleList, normal, zeros } from '../../../nn';
import { type Initializer, kaiming, torchDefault, torchDefaultBias } from '../../../nn/initializers';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';
import type { CrossEntropyLoss } from '../../losses';
import { ofClasses } from '../mask-heads/coarse-mask-head';
import { buildMaskLoss } from '../mask-heads/fcn-mask-head';

const size = z.number().int().positive();
const options = z.strictObject({
  num_classes: size.optional().describe('Foreground classes'),
  num_fcs: size.default(3).describe('Layers before the prediction'),
  in_channels: size.optional().describe('Channels of the fine features'),
  fc_channels: size.default(256).describe('Features of the layers'),
  class_agnostic: z.boolean().default(false).describe('Predict one mask for all classes'),
  coarse_pred_each_layer: z.boolean().default(true).describe('Every layer reads the coarse prediction'),
  conv_cfg: z
    .strictObject({ type: z.literal('Conv1d') })
    .prefault({ type: 'Conv1d' })
    .describe("Only { type: 'Conv1d' }"),
  norm_cfg: z.null().optional().describe('Must be null: layers have no norm'),
  act_cfg: z
    .strictObject({ type: z.literal('ReLU'), inplace: z.boolean().optional() })
    .prefault({ type: 'ReLU' })
    .describe("Only { type: 'ReLU' }"),
  loss_point: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 })
    .describe('Loss of the points: CrossEntropyLoss with use_mask'),
  init_cfg: z
    .union([
      z.null(),
      z.strictObject({
        type: z.literal('Normal'),
        std: z.number().positive(),
        override: z.strictObject({ name: z.literal('fc_logits') }),
      }),
    ])
    .prefault({ type: 'Normal', std: 0.001, override: { name: 'fc_logits' } })
    .describe('Standard deviation of the weights of fc_logits; null: as PyTorch has them'),
});
type Config = z.output<typeof options> & { in_channels: number; num_classes: number };

/** A convolution of one dimension with a kernel of 1, weight [out, in, 1]: linear on every point. */
class PointLinear extends Module {
  readonly layerNames = ['Conv1d'];
  private readonly weight;
  private readonly bias;

  constructor(inFeatures: number, outFeatures: number, init: Initializer, biasInit: Initializer) {
    super();
    this.weight = this.addParameter('weight', [outFeatures, inFeatures, 1], init);
    this.bias = this.addParameter('bias', [outFeatures], biasInit);
  }

  /** [K, P, in] -> [K, P, out]. */
  forward(x: tf.Tensor3D, activation: 'linear' | 'relu'): tf.Tensor3D {
    const [count, points, features] = x.shape;
    const b = this.weight.variable.reshape<tf.Tensor2D>([-1, features]);
    const a = x.reshape<tf.Tensor2D>([count * points, features]);
    return tf.fused
      .matMul({ a, b, transposeB: true, bias: this.bias.variable, activation })
      .reshape([count, points, -1]);
  }
}

/** mmcv's ConvModule around it. */
class PointModule extends Module {
  readonly conv: PointLinear;

  constructor(inFeatures: number, outFeatures: number) {
    super();
    this.conv = this.addChild('conv', new PointLinear(inFeatures, outFeatures, kaiming(), zeros));
  }
}

export class MaskPointHead extends Module {
  private readonly fcs: ModuleList<PointModule>;
  private readonly predictor: PointLinear;
  private readonly lossPoint: Pick<CrossEntropyLoss, 'forwardMask'>;

  constructor(
    private readonly config: Config,
    context: BuildContext,
  ) {
    super();
    const { num_classes: classes, num_fcs, in_channels, fc_channels, init_cfg } = config;
    const more = config.coarse_pred_each_layer ? classes : 0;
    const fc = (_: unknown, i: number) =>
      new PointModule(i === 0 ? in_channels + classes : fc_channels + more, fc_channels);
    this.fcs = this.addChild('fcs', new ModuleList(Array.from({ length: num_fcs }, fc)));
    const last = fc_channels + more;
    const init = init_cfg ? normal(init_cfg.std) : torchDefault;
    const biasInit = init_cfg ? zeros : torchDefaultBias(last);
    this.predictor = this.addChild(
      'fc_logits',
      new PointLinear(last, config.class_agnostic ? 1 : classes, init, biasInit),
    );
    this.lossPoint = buildMaskLoss('MaskPointHead', config.loss_point, context, 'loss_point');
  }

  /** Fine features [K, P, C] and coarse logits of all classes [K, P, classes] -> logits of the classes `labels` [K, P]. */
  forward(fine: tf.Tensor3D, coarse: tf.Tensor3D, labels: Int32Array | tf.Tensor1D): tf.Tensor2D {
    let x: tf.Tensor3D = tf.concat([fine, coarse], 2);
    for (const { conv } of this.fcs) {
      x = conv.forward(x, 'relu');
      if (this.config.coarse_pred_each_layer) x = tf.concat([x, coarse], 2);
    }
    const all = this.predictor.forward(x, 'linear');
    return this.config.class_agnostic ? all.squeeze<tf.Tensor2D>([2]) : ofClasses(all, labels);
  }

  /** Of points [K, P]; targets between 0 and 1. */
  loss(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
    const [count, points] = logits.shape;
    const one = tf.zeros<tf.Rank.R1>([count], 'int32');
    const all = logits.cast('float32').reshape<tf.Tensor4D>([count, points, 1, 1]);
    return this.lossPoint.forwardMask(all, targets.reshape<tf.Tensor3D>([count, points, 1]), one);
  }
}

declare module '../../../catalogue/registry' {
  interface Built {
    point_head: MaskPointHead;
  }
}

export const maskPointHeadDefinition = defineModule({
  kind: 'point_head',
  type: 'MaskPointHead',
  summary: 'Says of points whether they are on the object, from fine features and a coarse mask',
  paper: 'Kirillov et al., PointRend: Image Segmentation as Rendering, CVPR 2020',
  shapes: 'fine features [K, P, C], coarse logits [K, P, classes] -> logits [K, P]',
  example: "{ type: 'MaskPointHead', num_fcs: 3, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => ({
    ...given,
    in_channels: inferHeadChannels('MaskPointHead', given.in_channels, context),
    num_classes: inferNumClasses('MaskPointHead', given.num_classes, context),
  }),
  build: (given, context) => new MaskPointHead(given as Config, context),
});
