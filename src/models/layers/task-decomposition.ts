// Task decomposition of TOOD (Feng et al., ICCV 2021): one task's features from those of a stack of convolutions. Layer
// attention weighs the outputs of the stack, and a 1x1 convolution reduces them. The weights are multiplied into the filter,
// not into the features, which are far larger. Without a norm the bias of the convolution is not used, as in MMDetection.

import * as tf from '@tensorflow/tfjs';
import { Conv2d, ConvModule, Module, type NormCfg, normal, zeros } from '../../nn';

export interface TaskDecompositionConfig {
  /** Channels F of each output of the stack, and of the result. */
  featChannels: number;
  /** Number of convolutions S of the stack. */
  stackedConvs: number;
  /** Channels of the stack (S F) per hidden channel of the layer attention. */
  downRate: number;
  normCfg: NormCfg | null;
}

/** The 1x1 convolutions `layer_attention.0` and `layer_attention.2`; ReLU follows the first, a sigmoid the second. */
class LayerAttention extends Module {
  private readonly hidden: Conv2d;
  private readonly weights: Conv2d;

  constructor(inChannels: number, hiddenChannels: number, layers: number) {
    super();
    const start = { kernelSize: 1, init: normal(0.001), biasInit: zeros };
    this.hidden = this.addChild('0', new Conv2d({ inChannels, outChannels: hiddenChannels, ...start }));
    this.weights = this.addChild('2', new Conv2d({ inChannels: hiddenChannels, outChannels: layers, ...start }));
  }

  /** [N, 1, 1, S F] -> [N, 1, 1, S], 0 .. 1. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.sigmoid(this.weights.forward(this.hidden.forward(x, { activation: 'relu' })));
  }
}

/**
 * @example new TaskDecomposition({ featChannels: 256, stackedConvs: 6, downRate: 48, normCfg: null }).forward(x, pooled)
 */
export class TaskDecomposition extends Module {
  private readonly layerAttention: LayerAttention;
  private readonly reduction: ConvModule;

  constructor(private readonly config: TaskDecompositionConfig) {
    super();
    const { featChannels, stackedConvs, downRate, normCfg } = config;
    const inChannels = featChannels * stackedConvs;
    const attention = new LayerAttention(inChannels, Math.floor(inChannels / downRate), stackedConvs);
    this.layerAttention = this.addChild('layer_attention', attention);
    this.reduction = this.addChild(
      'reduction_conv',
      new ConvModule({ inChannels, outChannels: featChannels, kernelSize: 1, normCfg }),
    );
    this.reduction.conv.weight.initializer = normal(0.01);
  }

  /** Outputs of the stack [N, H, W, S F] and their means [N, 1, 1, S F] -> [N, H, W, F]. */
  forward(x: tf.Tensor4D, pooled: tf.Tensor4D): tf.Tensor4D {
    const { featChannels, stackedConvs } = this.config;
    const { conv, norm } = this.reduction;
    return tf.tidy(() => {
      const [n, h, w, channels] = x.shape;
      const weights = this.layerAttention.forward(pooled).reshape([n, stackedConvs, 1]);
      // channels in one axis make the product row-major: a filter read from a checkpoint has another layout in memory, and
      // the matrix product with it other rounding
      const filter = conv.weight.variable.reshape([1, stackedConvs, featChannels ** 2]); // [1, S, F in x F out]
      const filters: tf.Tensor3D = tf.mul(filter, weights).reshape([n, channels, featChannels]);
      const pixels = x.reshape<tf.Tensor3D>([n, h * w, channels]);
      const y = tf.matMul(pixels, filters).reshape<tf.Tensor4D>([n, h, w, featChannels]);
      return norm ? norm.forward(y, { activation: 'relu' }) : tf.relu(y);
    });
  }
}
