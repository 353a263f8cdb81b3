// DynamicMaskHead of QueryInst (Fang et al., Instances as Queries, ICCV 2021): an FCNMaskHead on a map that the features of the
// object have filtered, learned by the overlap of the masks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { xavier, zeros } from '../../../nn';
import { torchDefault } from '../../../nn/initializers';
import { DynamicConv, dynamicConvCfg } from '../../layers/dynamic-conv';
import { DiceLoss } from '../../losses';
import { FCNMaskHead, type FCNMaskHeadConfig, fcnMaskHeadOptions, inferMaskHead, type MaskLoss } from './fcn-mask-head';

const options = z.strictObject({
  ...fcnMaskHeadOptions,
  class_agnostic: z.literal(false).default(false).describe('Must be false: a mask of each class'),
  dynamic_conv_cfg: dynamicConvCfg
    .default(dynamicConvCfg.parse({ type: 'DynamicConv', out_channels: 256, input_feat_shape: 14, with_proj: false }))
    .describe('Convolutions whose filters the features of the object make'),
  loss_mask: moduleOption('loss')
    .default({ type: 'DiceLoss', loss_weight: 8 })
    .describe('Mask loss: DiceLoss, of probabilities: activate false'),
});
export type DynamicMaskHeadConfig = FCNMaskHeadConfig & Pick<z.output<typeof options>, 'dynamic_conv_cfg'>;

export class DynamicMaskHead extends FCNMaskHead {
  private readonly interactive: DynamicConv;

  constructor(config: DynamicMaskHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, dynamic_conv_cfg: cfg } = config;
    if (cfg.with_proj || cfg.in_channels !== in_channels || (cfg.out_channels ?? in_channels) !== in_channels)
      throw new DetLabError(
        `Cannot build DynamicMaskHead at ${context.path}: expected dynamic_conv_cfg with with_proj false and in_channels and ` +
          `out_channels ${in_channels}, the in_channels of the head`,
      );
    this.interactive = this.addChild('instance_interactive_conv', new DynamicConv(cfg));
    for (const [, p] of this.named()) if (p.variable.rank > 1) p.initializer = xavier();
    if (this.predictor.bias) this.predictor.bias.initializer = zeros;
  }

  /** The reference's RoI head never has its mask heads initialise themselves. */
  override initializeByDefault(): void {
    super.initializeByDefault();
    for (const [, p] of this.interactive.named()) if (p.variable.rank > 1) p.initializer = torchDefault;
  }

  /** Of probabilities, as the reference gives them to the loss, whatever its `activate`. */
  protected override buildLoss({ registry, path }: Pick<BuildContext, 'registry' | 'path'>): MaskLoss {
    const loss = registry.build('loss', this.config.loss_mask, { path: `${path}.loss_mask` });
    if (!(loss instanceof DiceLoss))
      throw new DetLabError(
        `Cannot build DynamicMaskHead at ${path}: expected loss_mask DiceLoss, received "${this.config.loss_mask.type}"`,
      );
    return {
      forwardMask: (logits, masks) => loss.forward(tf.sigmoid(tf.squeeze(logits, [3])), masks) as tf.Scalar,
    };
  }

  override forward(pooled: tf.Tensor4D, objects?: tf.Tensor2D): tf.Tensor4D {
    return super.forward(this.filtered(pooled, objects));
  }

  override classLogits(pooled: tf.Tensor4D, labels: Int32Array | tf.Tensor1D, objects?: tf.Tensor2D): tf.Tensor3D {
    return super.classLogits(this.filtered(pooled, objects), labels);
  }

  private filtered(pooled: tf.Tensor4D, objects: tf.Tensor2D | undefined): tf.Tensor4D {
    if (objects) return this.interactive.forward(objects, pooled) as tf.Tensor4D;
    throw new DetLabError(
      'Cannot run DynamicMaskHead: it reads features of objects, and proposals carry none. Use it in a SparseRoIHead',
    );
  }
}

export const dynamicMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'DynamicMaskHead',
  summary: 'Instance masks in RoIs, by convolutions that each object makes for its RoI and those of FCNMaskHead',
  paper: 'Fang et al., Instances as Queries, ICCV 2021',
  shapes: 'pooled RoIs [K, h, w, C] and features of objects [K, C] -> logits [K, 2 h, 2 w, classes]',
  example:
    "{ type: 'DynamicMaskHead', in_channels: 256, num_classes: 80, loss_mask: { type: 'DiceLoss', loss_weight: 8, activate: false, eps: 1e-5 } }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferMaskHead('DynamicMaskHead', given, context),
  build: (given, context) => new DynamicMaskHead(given as DynamicMaskHeadConfig, context),
});
