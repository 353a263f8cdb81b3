// mmcv's DepthwiseSeparableConvModule (Howard et al., MobileNets, 2017): a depthwise and a 1x1 pointwise convolution, each
// with norm and activation (`depthwise_conv.conv.weight`, `pointwise_conv.bn.weight`, ...).

import type * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from './conv-module';
import type { ActCfg, NormCfg } from './layer-options';
import { Module } from './module';

/** Options of `DepthwiseSeparableConvModule`. */
export interface DepthwiseSeparableConvModuleConfig extends Omit<ConvModuleConfig, 'groups'> {
  /** Norms and activations of the two convolutions; default: `normCfg` and `actCfg`. */
  depthwiseNormCfg?: NormCfg | null;
  depthwiseActCfg?: ActCfg | null;
  pointwiseNormCfg?: NormCfg | null;
  pointwiseActCfg?: ActCfg | null;
}

/**
 * @example new DepthwiseSeparableConvModule({ inChannels: 8, outChannels: 16, kernelSize: 5, padding: 2 }).forward(x)
 */
export class DepthwiseSeparableConvModule extends Module {
  private readonly depthwise: ConvModule;
  private readonly pointwise: ConvModule;

  constructor(config: DepthwiseSeparableConvModuleConfig) {
    super();
    const { depthwiseNormCfg, depthwiseActCfg, pointwiseNormCfg, pointwiseActCfg, ...shared } = config;
    const { inChannels, outChannels, normCfg, actCfg, bias, convCfg, order } = shared;
    const or = <T>(specific: T | undefined, common: T) => (specific === undefined ? common : specific);
    this.depthwise = this.addChild(
      'depthwise_conv',
      new ConvModule({
        ...shared,
        outChannels: inChannels,
        groups: inChannels,
        normCfg: or(depthwiseNormCfg, normCfg),
        actCfg: or(depthwiseActCfg, actCfg),
      }),
    );
    this.pointwise = this.addChild(
      'pointwise_conv',
      new ConvModule({
        inChannels,
        outChannels,
        kernelSize: 1,
        bias,
        convCfg,
        order,
        normCfg: or(pointwiseNormCfg, normCfg),
        actCfg: or(pointwiseActCfg, actCfg),
      }),
    );
  }

  /** [N, H, W, Cin] -> [N, H', W', Cout]; `residual` is added last, after the activation. */
  forward(x: tf.Tensor4D, options: { residual?: tf.Tensor4D } = {}): tf.Tensor4D {
    const y = this.depthwise.forward(x);
    const z = this.pointwise.forward(y, options);
    y.dispose();
    return z;
  }
}
