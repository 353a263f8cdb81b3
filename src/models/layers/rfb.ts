// Receptive field block (Liu et al., RFBNet, ECCV 2018): branches with kernels of growing size, each before a dilated convolution
// that reaches as far beyond, are joined by a 1x1 convolution and added to a shortcut. Widths, the two 3x3 kernels in place of a 5x5
// and the factor on the sum are those of the authors' code, a norm after every convolution.

import * as tf from '@tensorflow/tfjs';
import { ConvModule } from '../../nn/conv-module';
import type { NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList, Sequential } from '../../nn/module-list';

export interface RFBConfig {
  inChannels: number;
  outChannels: number;
  stride?: 1 | 2;
  /** Factor on the branches before the shortcut is added. */
  scale?: number;
  /** Dilation of the first branch; the others have visual + 1 and 2 visual + 1. */
  visual?: number;
  /** Input channels over those inside the branches. */
  reduction?: number;
  normCfg?: NormCfg | null;
}

/**
 * @example new RFB({ inChannels: 512, outChannels: 512 }).forward(x) // [N, H, W, 512]
 */
export class RFB extends Module {
  private readonly branches: ModuleList<Sequential<ConvModule>>;
  private readonly joining: ConvModule;
  private readonly shortcut: ConvModule;
  private readonly scale: number;

  constructor(config: RFBConfig) {
    super();
    const { inChannels, outChannels, stride = 1, visual = 1, reduction = 8 } = config;
    const { normCfg = { type: 'BN', momentum: 0.01 } } = config;
    const hidden = Math.max(Math.floor(inChannels / reduction), 2);
    const conv = (from: number, to: number, kernelSize: 1 | 3, more: { stride?: number; dilation?: number } = {}) => {
      const padding = kernelSize === 1 ? 0 : (more.dilation ?? 1);
      return new ConvModule({ inChannels: from, outChannels: to, kernelSize, padding, normCfg, ...more });
    };
    const linear = (from: number, step = 1) =>
      new ConvModule({ inChannels: from, outChannels, kernelSize: 1, stride: step, normCfg, actCfg: null });
    /** The last of a branch has no activation. */
    const reach = (dilation: number) => {
      const same = { inChannels: 2 * hidden, outChannels: 2 * hidden, kernelSize: 3, padding: dilation, dilation };
      return new ConvModule({ ...same, normCfg, actCfg: null });
    };
    const middle = Math.floor(hidden / 2) * 3;
    const branches = [
      [conv(inChannels, 2 * hidden, 1, { stride }), reach(visual)],
      [conv(inChannels, hidden, 1), conv(hidden, 2 * hidden, 3, { stride }), reach(visual + 1)],
      [
        conv(inChannels, hidden, 1),
        conv(hidden, middle, 3),
        conv(middle, 2 * hidden, 3, { stride }),
        reach(2 * visual + 1),
      ],
    ];
    this.branches = this.addChild('branches', new ModuleList(branches.map((convs) => new Sequential(convs))));
    this.joining = this.addChild('conv_linear', linear(6 * hidden));
    this.shortcut = this.addChild('shortcut', linear(inChannels, stride));
    this.scale = config.scale ?? 0.1;
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const joined = this.joining.forward([...this.branches].map((branch) => branch.forward(x)));
      return tf.relu(tf.add<tf.Tensor4D>(tf.mul(joined, this.scale), this.shortcut.forward(x)));
    });
  }
}
