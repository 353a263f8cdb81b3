// Convolution layer: filter HWIO here, OIHW in the state dict, as in PyTorch's Conv2d.

import type * as tf from '@tensorflow/tfjs';
import type { FusedActivation } from '../ops/activate';
import { conv2d } from '../ops/conv2d';
import type { FeatureMaps } from '../ops/join-maps';
import { type Initializer, torchDefault, torchDefaultBias } from './initializers';
import { Module, type Parameter } from './module';

/** Options of `Conv2d`, named after torch's. */
export interface Conv2dConfig {
  inChannels: number;
  outChannels: number;
  kernelSize: number | [number, number];
  stride?: number | [number, number];
  padding?: number | [number, number];
  dilation?: number | [number, number];
  groups?: number;
  bias?: boolean;
  init?: Initializer;
  biasInit?: Initializer;
}

/** Operations fused into the convolution call. */
export interface Epilogue {
  /** Added to the result, before the activation. */
  residual?: tf.Tensor4D;
  activation?: FusedActivation;
}

const pair = (v: number | [number, number]): [number, number] => (typeof v === 'number' ? [v, v] : v);

/**
 * @example new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 }).forward(image) // [N, H, W, 8]
 */
export class Conv2d extends Module {
  readonly layerNames: string[] = ['Conv2d', 'Conv', '_ConvNd'];
  readonly weight: Parameter<tf.Rank.R4>;
  readonly bias?: Parameter<tf.Rank.R1>;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: [number, number];
  readonly stride: [number, number];
  readonly padding: [number, number];
  readonly dilation: [number, number];
  readonly groups: number;

  constructor(config: Conv2dConfig) {
    super();
    const { inChannels, outChannels, groups = 1 } = config;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = pair(config.kernelSize);
    this.stride = pair(config.stride ?? 1);
    this.padding = pair(config.padding ?? 0);
    this.dilation = pair(config.dilation ?? 1);
    this.groups = groups;
    const [kh, kw] = this.kernelSize;
    const shape = [kh, kw, inChannels / groups, outChannels] as const;
    this.weight = this.addParameter('weight', shape, config.init ?? torchDefault, { kind: 'conv' });
    if (config.bias ?? true) {
      const init = config.biasInit ?? torchDefaultBias((kh * kw * inChannels) / groups);
      this.bias = this.addParameter('bias', [outChannels], init);
    }
  }

  /** [N, H, W, Cin] -> [N, H', W', Cout]; several maps are convolved as if joined along channels. */
  forward(x: FeatureMaps, epilogue: Epilogue = {}): tf.Tensor4D {
    return this.run(x, { ...epilogue, bias: this.bias?.variable });
  }

  /** The convolution with a given bias and a scale per output channel (a folded batch norm). */
  run(x: FeatureMaps, options: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor }): tf.Tensor4D {
    return this.convolve(x, this.weight.variable, options);
  }

  /** The convolution with a given filter of the same shape. */
  protected convolve(
    x: FeatureMaps,
    filter: tf.Tensor4D,
    options: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor },
  ): tf.Tensor4D {
    return conv2d(x, filter, {
      strides: this.stride,
      padding: this.padding,
      dilations: this.dilation,
      groups: this.groups,
      ...options,
    });
  }
}
