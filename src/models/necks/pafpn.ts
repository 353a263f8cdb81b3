// Path Aggregation Network (Liu et al., CVPR 2018): FPN followed by a bottom-up path.

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../catalogue/registry';
import type { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { ModuleList } from '../../nn/module-list';
import type { FeatureSpec } from '../types';
import { FPN } from './fpn';
import { type FPNOptions, fpnOptions, inferFPN } from './fpn-options';

const options = fpnOptions.omit({ upsample_cfg: true });

/**
 * @example new PAFPN({ ...pafpn.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512, 1024, 2048] })
 */
export class PAFPN extends FPN {
  private readonly downsampleConvs: ModuleList<ConvModule>;
  private readonly pafpnConvs: ModuleList<ConvModule>;

  constructor(options: Omit<FPNOptions, 'upsample_cfg'> & { in_channels: number[] }, inputs?: FeatureSpec[]) {
    super({ ...options, upsample_cfg: { mode: 'nearest' } }, inputs);
    const convs = (stride: number) =>
      new ModuleList(
        Array.from({ length: this.used - 1 }, () =>
          this.conv({ inChannels: options.out_channels, kernelSize: 3, stride, padding: 1 }),
        ),
      );
    this.downsampleConvs = this.addChild('downsample_convs', convs(2));
    this.pafpnConvs = this.addChild('pafpn_convs', convs(1));
    applyInitCfg(this, options.init_cfg);
  }

  override forward(inputs: tf.Tensor4D[], { release = false } = {}): tf.Tensor4D[] {
    return tf.tidy(() => {
      const laterals = this.topDown(inputs, release);
      const inner = this.smooth(laterals);
      // bottom-up: N2 = P2, N3 = P3 + down(N2), ...
      for (let i = 1; i < this.used; i++)
        inner[i] = this.downsampleConvs.at(i - 1).forward(inner[i - 1], { residual: inner[i] });
      const outs = inner.map((x, i) => (i === 0 ? x : this.pafpnConvs.at(i - 1).forward(x)));
      return this.extend(outs, inputs, laterals);
    });
  }
}

export const pafpn = defineModule({
  kind: 'neck',
  type: 'PAFPN',
  summary: 'Path aggregation: FPN followed by a bottom-up path from the finest level.',
  paper: 'Liu, Qi, Qin, Shi and Jia: Path Aggregation Network for Instance Segmentation, CVPR 2018',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'PAFPN', out_channels: 256, num_outs: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferFPN('PAFPN', o, context),
  build: (o, { inputs }) => new PAFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
