// Cross stage partial layer of YOLOv8 ("C2f", MMYOLO's CSPLayerWithTwoConv): one convolution makes both halves, every block's
// output is kept, and a second convolution joins them all.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import type { FeatureMaps } from '../../ops/join-maps';
import { type CSPBlockConfig, DarknetBottleneck, YOLO_NORM } from './darknet-bottleneck';

export interface CSPLayerWithTwoConvConfig extends Omit<CSPBlockConfig, 'expansion' | 'useDepthwise'> {
  /** Channels of each half over the output's. */
  expandRatio?: number;
  numBlocks?: number;
}

/**
 * @example new CSPLayerWithTwoConv({ inChannels: 64, outChannels: 128, numBlocks: 3 }).forward(x) // [N, H, W, 128]
 */
export class CSPLayerWithTwoConv extends Module {
  private readonly mainConv: ConvModule;
  private readonly finalConv: ConvModule;
  private readonly blocks: ModuleList<DarknetBottleneck>;

  constructor(config: CSPLayerWithTwoConvConfig) {
    super();
    const { inChannels, outChannels, expandRatio = 0.5, numBlocks = 1, addIdentity } = config;
    const { convCfg, normCfg = YOLO_NORM, actCfg = { type: 'SiLU' } } = config;
    const layers = { convCfg, normCfg, actCfg };
    const mid = Math.floor(outChannels * expandRatio);
    const conv = (from: number, to: number) =>
      new ConvModule({ inChannels: from, outChannels: to, kernelSize: 1, ...layers });
    this.mainConv = this.addChild('main_conv', conv(inChannels, 2 * mid));
    this.finalConv = this.addChild('final_conv', conv((2 + numBlocks) * mid, outChannels));
    const block = { inChannels: mid, outChannels: mid, expansion: 1, kernelSizes: [3, 3] as [number, number] };
    this.blocks = this.addChild(
      'blocks',
      new ModuleList(
        Array.from({ length: numBlocks }, () => new DarknetBottleneck({ ...block, addIdentity, ...layers })),
      ),
    );
  }

  /** [N, H, W, inChannels] -> [N, H, W, outChannels]; several maps are read as one. */
  forward(x: FeatureMaps): tf.Tensor4D {
    return tf.tidy(() => {
      // a list of its own: the tape keeps the one that split returns
      const parts = [...tf.split<tf.Tensor4D>(this.mainConv.forward(x), 2, 3)];
      for (const block of this.blocks) parts.push(block.forward(parts[parts.length - 1]));
      return this.finalConv.forward(parts);
    });
  }
}
