// The residual stages of SCNet's heads (Vu, Kang and Yoo, AAAI 2021): blocks of two 3x3 convolutions, without an activation after the
// sum.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import {
  buildConv,
  buildNorm,
  type Conv2d,
  type ConvCfg,
  convNorm,
  Module,
  type Norm,
  type NormCfg,
  Sequential,
} from '../../nn';
import { Downsample } from '../backbones/downsample';

interface Kinds {
  convCfg?: ConvCfg | null;
  normCfg?: NormCfg | null;
}

class SimplifiedBasicBlock extends Module {
  private readonly conv1: Conv2d;
  private readonly norm1?: Norm;
  private readonly conv2: Conv2d;
  private readonly norm2?: Norm;
  private readonly downsample?: Downsample;

  constructor(inChannels: number, outChannels: number, { convCfg, normCfg }: Kinds) {
    super();
    const conv = (name: string, channels: number) =>
      this.addChild(
        name,
        buildConv(convCfg, { inChannels: channels, outChannels, kernelSize: 3, padding: 1, bias: !normCfg }),
      );
    const norm = (index: number) => {
      if (!normCfg) return undefined;
      const built = buildNorm(normCfg, outChannels);
      return this.addChild(`${built.name}${index}`, built.norm);
    };
    this.conv1 = conv('conv1', inChannels);
    this.norm1 = norm(1);
    this.conv2 = conv('conv2', outChannels);
    this.norm2 = norm(2);
    if (inChannels === outChannels) return;
    if (!normCfg)
      throw new DetLabError(
        `Cannot build a residual head from ${inChannels} to ${outChannels} channels: its shortcut needs a norm_cfg. Give one, or ` +
          'make in_channels and conv_out_channels equal',
      );
    const shortcut = { inChannels, outChannels, stride: 1, avgDown: false, convCfg, normCfg };
    this.downsample = this.addChild('downsample', new Downsample(shortcut));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const residual = this.downsample ? this.downsample.forward(x) : x;
      const y = convNorm(this.conv1, this.norm1, x, { activation: 'relu' });
      return convNorm(this.conv2, this.norm2, y, { residual });
    });
  }
}

/** [N, H, W, inChannels] -> [N, H, W, outChannels]. */
export function simplifiedResLayer(
  inChannels: number,
  outChannels: number,
  blocks: number,
  kinds: Kinds,
): Sequential<SimplifiedBasicBlock> {
  const list = new Sequential<SimplifiedBasicBlock>();
  for (let i = 0; i < blocks; i++)
    list.push(new SimplifiedBasicBlock(i === 0 ? inChannels : outChannels, outChannels, kinds));
  return list;
}
