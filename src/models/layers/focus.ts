// Focus (YOLOv5, YOLOX): every 2x2 pixels become one of four times the channels, then a convolution. The order of the four
// is top left, bottom left, top right, bottom right.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { YOLO_NORM } from './darknet-bottleneck';

export type FocusConfig = Pick<ConvModuleConfig, 'inChannels' | 'outChannels' | 'convCfg' | 'normCfg' | 'actCfg'> & {
  kernelSize?: number;
  stride?: number;
};

/**
 * @example new Focus({ inChannels: 3, outChannels: 32, kernelSize: 3 }).forward(images) // [N, H/2, W/2, 32]
 */
export class Focus extends Module {
  private readonly conv: ConvModule;

  constructor({ inChannels, kernelSize = 1, ...config }: FocusConfig) {
    super();
    const { normCfg = YOLO_NORM, actCfg = { type: 'Swish' } } = config;
    const sizes = { inChannels: 4 * inChannels, kernelSize, padding: Math.floor((kernelSize - 1) / 2) };
    this.conv = this.addChild('conv', new ConvModule({ ...config, ...sizes, normCfg, actCfg }));
  }

  /** [N, H, W, C] -> [N, H/2, W/2, outChannels]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const [n, h, w, c] = x.shape;
      const pairs = x.reshape([n, h / 2, 2, w / 2, 2, c]);
      // the column of a pixel counts before its row
      const folded = tf.transpose(pairs, [0, 1, 3, 4, 2, 5]).reshape<tf.Tensor4D>([n, h / 2, w / 2, 4 * c]);
      return this.conv.forward(folded);
    });
  }
}
