// Cross stage partial layer (Wang et al., CSPNet, 2020) of YOLOX and RTMDet: half of the channels go through blocks, half
// around them, and a 1x1 convolution joins the two.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { type FeatureMaps, joinMaps } from '../../ops/join-maps';
import { ChannelAttention } from './channel-attention';
import { CSPNeXtBlock } from './cspnext-block';
import { type CSPBlockConfig, DarknetBottleneck, YOLO_NORM } from './darknet-bottleneck';

export interface CSPLayerConfig extends Omit<CSPBlockConfig, 'expansion'> {
  /** Channels of each half over the output's. */
  expandRatio?: number;
  numBlocks?: number;
  /** Blocks of CSPNeXt instead of Darknet's. */
  useCSPNeXtBlock?: boolean;
  channelAttention?: boolean;
}

/**
 * @example new CSPLayer({ inChannels: 64, outChannels: 128, numBlocks: 3 }).forward(x) // [N, H, W, 128]
 */
export class CSPLayer extends Module {
  private readonly mainConv: ConvModule;
  private readonly shortConv: ConvModule;
  private readonly finalConv: ConvModule;
  private readonly blocks: Sequential<DarknetBottleneck | CSPNeXtBlock>;
  private readonly attention?: ChannelAttention;

  constructor(config: CSPLayerConfig) {
    super();
    const { inChannels, outChannels, expandRatio = 0.5, numBlocks = 1, addIdentity, useDepthwise } = config;
    const { convCfg, normCfg = YOLO_NORM, actCfg = { type: 'Swish' } } = config;
    const layers = { convCfg, normCfg, actCfg };
    const mid = Math.floor(outChannels * expandRatio);
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, ...layers });
    const Block = config.useCSPNeXtBlock ? CSPNeXtBlock : DarknetBottleneck;
    this.mainConv = this.addChild('main_conv', conv(inChannels, mid));
    this.shortConv = this.addChild('short_conv', conv(inChannels, mid));
    this.finalConv = this.addChild('final_conv', conv(2 * mid, outChannels));
    this.blocks = this.addChild(
      'blocks',
      new Sequential(
        Array.from(
          { length: numBlocks },
          () => new Block({ inChannels: mid, outChannels: mid, expansion: 1, addIdentity, useDepthwise, ...layers }),
        ),
      ),
    );
    if (config.channelAttention) this.attention = this.addChild('attention', new ChannelAttention(2 * mid));
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      const halves = [this.blocks.forward(this.mainConv.forward(x)), this.shortConv.forward(x)];
      return this.finalConv.forward(this.attention ? this.attention.forward(joinMaps(halves)) : halves);
    });
  }
}
