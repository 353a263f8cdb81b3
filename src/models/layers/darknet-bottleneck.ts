// The residual block of YOLO's CSP layers: two convolutions, the first to fewer channels, and the input added at the end.
// MMYOLO's variant differs in the kernels (3x3 twice).

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import type { ActCfg, ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';

/** What the blocks inside a CSP layer are built from. */
export interface CSPBlockConfig {
  inChannels: number;
  outChannels: number;
  /** Inner channels over outer ones. */
  expansion?: number;
  /** The input is added where the channels allow it. */
  addIdentity?: boolean;
  useDepthwise?: boolean;
  convCfg?: ConvCfg | null;
  normCfg?: NormCfg | null;
  actCfg?: ActCfg | null;
}

export interface DarknetBottleneckConfig extends CSPBlockConfig {
  /** Sizes of the two kernels, which keep the map's size. */
  kernelSizes?: [number, number];
}

/** The norm of the YOLO family: a short memory and a large epsilon. */
export const YOLO_NORM: NormCfg = { type: 'BN', momentum: 0.03, eps: 0.001 };

/**
 * @example new DarknetBottleneck({ inChannels: 64, outChannels: 64, expansion: 1 }).forward(x) // the same shape
 */
export class DarknetBottleneck extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule | DepthwiseSeparableConvModule;
  private readonly addsIdentity: boolean;

  constructor(config: DarknetBottleneckConfig) {
    super();
    const { inChannels, outChannels, expansion = 0.5, addIdentity = true, useDepthwise = false } = config;
    const { convCfg, normCfg = YOLO_NORM, actCfg = { type: 'Swish' }, kernelSizes = [1, 3] } = config;
    const hidden = Math.floor(outChannels * expansion);
    const conv = (from: number, to: number, kernelSize: number) => ({
      ...{ inChannels: from, outChannels: to, kernelSize, padding: Math.floor(kernelSize / 2) },
      ...{ convCfg, normCfg, actCfg },
    });
    const Second = useDepthwise ? DepthwiseSeparableConvModule : ConvModule;
    this.conv1 = this.addChild('conv1', new ConvModule(conv(inChannels, hidden, kernelSizes[0])));
    this.conv2 = this.addChild('conv2', new Second(conv(hidden, outChannels, kernelSizes[1])));
    this.addsIdentity = addIdentity && inChannels === outChannels;
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv2.forward(this.conv1.forward(x), { residual: this.addsIdentity ? x : undefined }));
  }
}
