// DynamicConv: two 1x1 convolutions of the map of an object, whose filters a linear layer makes from the object's features (Sun et
// al., Sparse R-CNN, CVPR 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import {
  type ActCfg,
  type Activation,
  actCfg,
  buildActivation,
  buildLayerNorm,
  initCfg,
  type LayerNorm,
  Linear,
  layerNormCfg,
  Module,
} from '../../nn';

const size = z.int().positive();

export const dynamicConvCfg = z.strictObject({
  type: z.literal('DynamicConv').describe('Convolutions with filters made for each object'),
  in_channels: size.default(256).describe('Channels of a pooled RoI and of the features of its object'),
  feat_channels: size.default(64).describe('Channels between the two convolutions'),
  out_channels: size.nullish().describe('Channels of the output; in_channels when absent'),
  input_feat_shape: size.default(7).describe('Side of a pooled RoI'),
  with_proj: z.boolean().default(true).describe('Project the map to a row by a linear layer'),
  act_cfg: actCfg.default({ type: 'ReLU', inplace: true }).describe('Activation after every norm'),
  norm_cfg: layerNormCfg.default({ type: 'LN' }).describe('Norm of the channels after every layer'),
  init_cfg: ignoredOption('the head initialises its layers', { schema: initCfg.nullish(), lost: true }),
});
type Options = z.output<typeof dynamicConvCfg>;

export class DynamicConv extends Module {
  readonly outChannels: number;
  private readonly dynamicLayer: Linear;
  private readonly normIn: LayerNorm;
  private readonly normOut: LayerNorm;
  private readonly activation: Activation;
  private readonly projection?: { layer: Linear; norm: LayerNorm };

  constructor(private readonly config: Options) {
    super();
    const { in_channels, feat_channels, input_feat_shape: side, norm_cfg } = config;
    const outChannels = config.out_channels ?? in_channels;
    this.outChannels = outChannels;
    const filters = feat_channels * (in_channels + outChannels);
    this.dynamicLayer = this.addChild('dynamic_layer', new Linear({ inFeatures: in_channels, outFeatures: filters }));
    this.normIn = this.addChild('norm_in', buildLayerNorm(norm_cfg, feat_channels));
    this.normOut = this.addChild('norm_out', buildLayerNorm(norm_cfg, outChannels));
    this.activation = buildActivation(config.act_cfg as ActCfg);
    if (!config.with_proj) return;
    const layer = new Linear({ inFeatures: outChannels * side ** 2, outFeatures: outChannels });
    this.projection = {
      layer: this.addChild('fc_layer', layer),
      norm: this.addChild('fc_norm', buildLayerNorm(norm_cfg, outChannels)),
    };
  }

  /** Features of objects [K, C], their pooled RoIs [K, h, w, C] -> [K, out], or without projection [K, h, w, out]. */
  forward(objects: tf.Tensor2D, pooled: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => {
      const { in_channels: channels, feat_channels: inner } = this.config;
      const [k, h, w] = pooled.shape;
      const normed = (x: tf.Tensor, norm: LayerNorm) => this.activation.apply(norm.forward(x));
      const filters = this.dynamicLayer.forward(objects);
      const [first, second] = tf.split(filters, [channels * inner, inner * this.outChannels], 1);
      const pixels = pooled.reshape<tf.Tensor3D>([-1, h * w, channels]);
      const reduced = tf.matMul(pixels, first.reshape<tf.Tensor3D>([-1, channels, inner])); // [K, h w, inner]
      const map = tf.matMul(normed(reduced, this.normIn), second.reshape([-1, inner, this.outChannels]));
      const mixed = normed(map, this.normOut); // [K, h w, out]
      if (!this.projection) return mixed.reshape([k, h, w, this.outChannels]);
      const row = this.projection.layer.forward(mixed.reshape<tf.Tensor2D>([-1, h * w * this.outChannels]));
      return normed(row, this.projection.norm);
    });
  }
}
