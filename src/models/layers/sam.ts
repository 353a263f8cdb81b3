// SAM, the spatial attention module: of CBAM (Woo et al., ECCV 2018), one factor a pixel from a convolution of the mean and the
// maximum over the channels; or as YOLOv4 changed it (Bochkovskiy et al., 2020), one factor a pixel and channel from a convolution
// of the map itself.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { SpatialGate } from './cbam';

export interface SAMConfig {
  inChannels: number;
  mode?: 'spatial' | 'pointwise';
  /** 7 of `spatial`, 1 of `pointwise` when absent. */
  kernelSize?: number;
  /** Of `pointwise`. */
  normCfg?: NormCfg | null;
}

/**
 * @example new SAM({ inChannels: 256, mode: 'pointwise' }).forward(x) // [N, H, W, 256] -> the same shape
 */
export class SAM extends Module {
  private readonly attention: Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

  constructor({ inChannels, mode = 'spatial', kernelSize, normCfg = null }: SAMConfig) {
    super();
    const size = kernelSize ?? 1;
    const pointwise = { inChannels, outChannels: inChannels, kernelSize: size, padding: size >> 1, normCfg };
    this.attention = this.addChild(
      'attention',
      mode === 'spatial' ? new SpatialGate(kernelSize) : new ConvModule({ ...pointwise, actCfg: { type: 'Sigmoid' } }),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => tf.mul<tf.Tensor4D>(this.attention.forward(x), x));
  }
}
