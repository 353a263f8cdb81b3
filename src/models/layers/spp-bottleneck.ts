// Spatial pyramid pooling (He et al., ECCV 2014) as YOLOv3-SPP and YOLOX have it: a 1x1 convolution, max poolings of several
// sizes beside each other, and a 1x1 over all of them.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { maxPool2d } from '../../ops/max-pool2d';
import { YOLO_NORM } from './darknet-bottleneck';

export type SPPBottleneckConfig = Pick<
  ConvModuleConfig,
  'inChannels' | 'outChannels' | 'convCfg' | 'normCfg' | 'actCfg'
> & { kernelSizes?: readonly number[] };

/** Largest value of the `size` x `size` pixels around each. */
export const poolAround = (x: tf.Tensor4D, size: number): tf.Tensor4D =>
  maxPool2d(x, { size: [size, size], strides: [1, 1], padding: [Math.floor(size / 2), Math.floor(size / 2)] });

/**
 * @example new SPPBottleneck({ inChannels: 1024, outChannels: 1024 }).forward(x) // [N, H, W, 1024]
 */
export class SPPBottleneck extends Module {
  private readonly conv1: ConvModule;
  private readonly conv2: ConvModule;
  private readonly kernelSizes: readonly number[];

  constructor(config: SPPBottleneckConfig) {
    super();
    const { inChannels, outChannels, kernelSizes = [5, 9, 13], convCfg } = config;
    const { normCfg = YOLO_NORM, actCfg = { type: 'Swish' } } = config;
    const layers = { kernelSize: 1, convCfg, normCfg, actCfg };
    const mid = Math.floor(inChannels / 2);
    this.kernelSizes = kernelSizes;
    this.conv1 = this.addChild('conv1', new ConvModule({ inChannels, outChannels: mid, ...layers }));
    const joined = mid * (kernelSizes.length + 1);
    this.conv2 = this.addChild('conv2', new ConvModule({ inChannels: joined, outChannels, ...layers }));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.conv1.forward(x);
      return this.conv2.forward([y, ...this.kernelSizes.map((size) => poolAround(y, size))]);
    });
  }
}
