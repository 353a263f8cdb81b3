// Atrous spatial pyramid pooling of DeepLabv3 (Chen et al., 2017): dilated convolutions side by side, the mean of the map beside
// them, each with norm and ReLU, and a 1x1 convolution over all. DetectoRS's, which RFP has, is `ASPP` of aspp.ts.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';

export interface AtrousPyramidConfig
  extends Pick<ConvModuleConfig, 'inChannels' | 'outChannels' | 'normCfg' | 'actCfg'> {
  /** Of each branch; 1 stands for a 1x1 convolution. */
  dilations?: readonly number[];
  /** Of each branch; the output's when absent. */
  midChannels?: number;
  /** With the mean of the map. */
  globalPooling?: boolean;
}

/**
 * @example new AtrousPyramid({ inChannels: 512, outChannels: 256 }).forward(x) // [N, H, W, 512] -> [N, H, W, 256]
 */
export class AtrousPyramid extends Module {
  private readonly branches: ModuleList<ConvModule>;
  private readonly pooled?: ConvModule;
  private readonly project: ConvModule;

  constructor(config: AtrousPyramidConfig) {
    super();
    const { inChannels, outChannels, dilations = [1, 6, 12, 18], midChannels = outChannels, normCfg, actCfg } = config;
    const layers = { normCfg, actCfg };
    const conv = (from: number, to: number, dilation = 1) => {
      const shape = dilation > 1 ? { kernelSize: 3, padding: dilation, dilation } : { kernelSize: 1 };
      return new ConvModule({ inChannels: from, outChannels: to, ...shape, ...layers });
    };
    const branches = dilations.map((dilation) => conv(inChannels, midChannels, dilation));
    this.branches = this.addChild('branches', new ModuleList(branches));
    if (config.globalPooling ?? true) this.pooled = this.addChild('image_pool', conv(inChannels, midChannels));
    this.project = this.addChild(
      'project',
      conv((dilations.length + (this.pooled ? 1 : 0)) * midChannels, outChannels),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const maps = [...this.branches].map((branch) => branch.forward(x));
      if (this.pooled) {
        const mean = this.pooled.forward(tf.mean<tf.Tensor4D>(x, [1, 2], true));
        maps.push(tf.tile(mean, [1, x.shape[1], x.shape[2], 1]));
      }
      return this.project.forward(tf.concat(maps, 3));
    });
  }
}
