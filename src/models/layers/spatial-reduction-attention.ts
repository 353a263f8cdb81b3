// Attention of PVT (Wang et al., ICCV 2021): keys and values are read from a map that a convolution made smaller.

import * as tf from '@tensorflow/tfjs';
import { buildLayerNorm, Conv2d, Dropout, type LayerNorm, type LayerNormCfg, Module } from '../../nn';
import { ProjectedAttention } from '../../nn/projected-attention';

export interface SpatialReductionAttentionConfig {
  channels: number;
  heads: number;
  /** Side of the squares of the map that become one key; 1: none. */
  reduction: number;
  qkvBias: boolean;
  attnDrop: number;
  drop: number;
  /** Stochastic depth. */
  dropPath: number;
  normCfg: LayerNormCfg;
}

export class SpatialReductionAttention extends Module {
  private readonly attn: ProjectedAttention;
  private readonly reduce?: { conv: Conv2d; norm: LayerNorm };
  private readonly drop: Dropout;
  private readonly path: Dropout;

  constructor(config: SpatialReductionAttentionConfig) {
    super();
    const { channels, heads, reduction, qkvBias: bias, attnDrop: dropout, drop, dropPath, normCfg } = config;
    this.attn = this.addChild('attn', new ProjectedAttention({ channels, heads, dropout, bias }));
    this.drop = this.addChild('proj_drop', new Dropout({ type: 'Dropout', drop_prob: drop }));
    this.path = this.addChild('dropout_layer', new Dropout({ type: 'DropPath', drop_prob: dropPath }));
    if (reduction === 1) return;
    const layer = { inChannels: channels, outChannels: channels, kernelSize: reduction, stride: reduction };
    this.reduce = {
      conv: this.addChild('sr', new Conv2d(layer)),
      norm: this.addChild('norm', buildLayerNorm(normCfg, channels)),
    };
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D, identity: tf.Tensor4D): tf.Tensor4D {
    const [n, , , channels] = x.shape;
    const tokens = (map: tf.Tensor4D) => map.reshape<tf.Tensor3D>([n, -1, channels]);
    const query = tokens(x);
    const keys = this.reduce ? tokens(this.reduce.norm.forward(this.reduce.conv.forward(x))) : query;
    const read = this.attn.forward(query, keys, keys, {}).reshape<tf.Tensor4D>(x.shape);
    return tf.add(identity, this.path.forward(this.drop.forward(read)));
  }
}
