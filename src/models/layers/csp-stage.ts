// The cross stage partial layer of CSPDarknet-53 (Wang et al., CSPNet, CVPRW 2020; darknet's yolov4.cfg): the map goes through two
// 1x1 convolutions, one of them on through residual blocks and a transition, and a last 1x1 joins both. MMDetection's CSPLayer has
// no transition, and joins the two in the same order.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { type CSPBlockConfig, DarknetBottleneck } from './darknet-bottleneck';

export interface CSPStageConfig extends Omit<CSPBlockConfig, 'outChannels' | 'expansion'> {
  /** Of the map that comes in and of the one that goes out. */
  inChannels: number;
  /** Of each of the two ways. */
  midChannels: number;
  /** Between the two convolutions of a block. */
  hiddenChannels: number;
  numBlocks: number;
}

/**
 * @example new CSPStage({ inChannels: 128, midChannels: 64, hiddenChannels: 64, numBlocks: 2 }).forward(x) // the same shape
 */
export class CSPStage extends Module {
  private readonly shortConv: ConvModule;
  private readonly mainConv: ConvModule;
  private readonly blocks: Sequential<DarknetBottleneck>;
  private readonly transition: ConvModule;
  private readonly finalConv: ConvModule;

  constructor({ inChannels, midChannels: mid, hiddenChannels, numBlocks, ...layers }: CSPStageConfig) {
    super();
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, ...layers });
    const block = { inChannels: mid, outChannels: mid, expansion: hiddenChannels / mid, ...layers };
    this.shortConv = this.addChild('short_conv', conv(inChannels, mid));
    this.mainConv = this.addChild('main_conv', conv(inChannels, mid));
    const blocks = Array.from({ length: numBlocks }, () => new DarknetBottleneck(block));
    this.blocks = this.addChild('blocks', new Sequential(blocks));
    this.transition = this.addChild('transition', conv(mid, mid));
    this.finalConv = this.addChild('final_conv', conv(2 * mid, inChannels));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const main = this.transition.forward(this.blocks.forward(this.mainConv.forward(x)));
      return this.finalConv.forward([main, this.shortConv.forward(x)]);
    });
  }
}
