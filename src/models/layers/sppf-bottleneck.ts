// Fast spatial pyramid pooling (YOLOv5, YOLOv8): the same pooling three times in a row, which reaches as far as pyramids of
// growing sizes. With a list of sizes it is the pyramid itself.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { YOLO_NORM } from './darknet-bottleneck';
import { poolAround } from './spp-bottleneck';

export type SPPFBottleneckConfig = Pick<
  ConvModuleConfig,
  'inChannels' | 'outChannels' | 'convCfg' | 'normCfg' | 'actCfg'
> & {
  kernelSizes?: number | readonly number[];
  /** False: no 1x1 in front. */
  useConvFirst?: boolean;
  /** Hidden over input channels. */
  midChannelsScale?: number;
};

/**
 * @example new SPPFBottleneck({ inChannels: 512, outChannels: 512 }).forward(x) // [N, H, W, 512]
 */
export class SPPFBottleneck extends Module {
  private readonly conv1?: ConvModule;
  private readonly conv2: ConvModule;
  private readonly kernelSizes: number | readonly number[];

  constructor(config: SPPFBottleneckConfig) {
    super();
    const { inChannels, outChannels, kernelSizes = 5, useConvFirst = true, midChannelsScale = 0.5, convCfg } = config;
    const { normCfg = YOLO_NORM, actCfg = { type: 'SiLU' } } = config;
    const layers = { kernelSize: 1, convCfg, normCfg, actCfg };
    const mid = useConvFirst ? Math.floor(inChannels * midChannelsScale) : inChannels;
    this.kernelSizes = kernelSizes;
    if (useConvFirst) this.conv1 = this.addChild('conv1', new ConvModule({ inChannels, outChannels: mid, ...layers }));
    const joined = mid * (typeof kernelSizes === 'number' ? 4 : kernelSizes.length + 1);
    this.conv2 = this.addChild('conv2', new ConvModule({ inChannels: joined, outChannels, ...layers }));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const parts = [this.conv1 ? this.conv1.forward(x) : x];
      const { kernelSizes } = this;
      if (typeof kernelSizes === 'number') for (let i = 0; i < 3; i++) parts.push(poolAround(parts[i], kernelSizes));
      else parts.push(...kernelSizes.map((size) => poolAround(parts[0], size)));
      return this.conv2.forward(parts);
    });
  }
}
