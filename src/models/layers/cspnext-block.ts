// The block of CSPNeXt (Lyu et al., RTMDet, 2022): a 3x3 convolution, then a large depthwise one, and the input added.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { Module } from '../../nn/module';
import { type CSPBlockConfig, YOLO_NORM } from './darknet-bottleneck';

/**
 * @example new CSPNeXtBlock({ inChannels: 64, outChannels: 64, expansion: 1 }).forward(x) // the same shape
 */
export class CSPNeXtBlock extends Module {
  private readonly conv1: ConvModule | DepthwiseSeparableConvModule;
  private readonly conv2: DepthwiseSeparableConvModule;
  private readonly addsIdentity: boolean;

  constructor(config: CSPBlockConfig & { kernelSize?: number }) {
    super();
    const { inChannels, outChannels, expansion = 0.5, addIdentity = true, useDepthwise = false } = config;
    const { convCfg, normCfg = YOLO_NORM, actCfg = { type: 'SiLU' }, kernelSize = 5 } = config;
    const hidden = Math.floor(outChannels * expansion);
    const First = useDepthwise ? DepthwiseSeparableConvModule : ConvModule;
    // the kind of convolution is the second one's only
    this.conv1 = this.addChild(
      'conv1',
      new First({ inChannels, outChannels: hidden, kernelSize: 3, padding: 1, normCfg, actCfg }),
    );
    this.conv2 = this.addChild(
      'conv2',
      new DepthwiseSeparableConvModule({
        ...{ inChannels: hidden, outChannels, kernelSize, padding: Math.floor(kernelSize / 2) },
        ...{ convCfg, normCfg, actCfg },
      }),
    );
    this.addsIdentity = addIdentity && inChannels === outChannels;
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.conv2.forward(this.conv1.forward(x), { residual: this.addsIdentity ? x : undefined }));
  }
}
