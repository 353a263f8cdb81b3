// HRNet's module (Sun et al., CVPR 2019): residual blocks on every resolution, then each resolution becomes the sum of all,
// finer ones through strided 3x3 convolutions, coarser ones through a 1x1 and nearest upsampling.

import * as tf from '@tensorflow/tfjs';
import type { ConvCfg, NormCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { upsampleNearest } from '../../ops/resize-nearest';
import { BasicBlock } from './basic-block';
import { Bottleneck } from './bottleneck';
import { ConvNormSequence } from './conv-norm-sequence';
import { Downsample } from './downsample';

export const HR_BLOCKS = { BASIC: BasicBlock, BOTTLENECK: Bottleneck } as const;

export interface HighResolutionConfig {
  block: keyof typeof HR_BLOCKS;
  /** Blocks, channels in and planes of each resolution, finest first. */
  numBlocks: number[];
  inChannels: number[];
  planes: number[];
  /** False: only the finest resolution comes out. */
  multiscale: boolean;
  convCfg: ConvCfg | null;
  normCfg: NormCfg;
}

type Block = BasicBlock | Bottleneck;

/** Residual blocks of stride 1 in a row. */
export function buildBranch(
  block: keyof typeof HR_BLOCKS,
  count: number,
  channels: number,
  planes: number,
  layers: { convCfg: ConvCfg | null; normCfg: NormCfg },
): Sequential<Block> {
  const Class = HR_BLOCKS[block];
  const outPlanes = planes * Class.expansion;
  return new Sequential<Block>(
    Array.from({ length: count }, (_, i) => {
      const inPlanes = i === 0 ? channels : outPlanes;
      const shortcut = { inChannels: inPlanes, outChannels: outPlanes, stride: 1, avgDown: false, ...layers };
      return new Class({
        ...{ inPlanes, planes, stride: 1, dilation: 1, style: 'pytorch', zeroInit: false, ...layers },
        downsample: inPlanes === outPlanes ? undefined : new Downsample(shortcut),
      });
    }),
  );
}

export class HighResolutionModule extends Module {
  private readonly branches: Sequential<Block>[] = [];
  /** By output, by input; null on the diagonal. */
  private readonly fusions: (Sequential<ConvNormSequence> | ConvNormSequence | null)[][] = [];

  constructor(config: HighResolutionConfig) {
    super();
    const { block, numBlocks, inChannels, planes, multiscale, convCfg, normCfg } = config;
    const layers = { convCfg, normCfg };
    for (const [i, count] of numBlocks.entries())
      this.branches.push(this.addChild(`branches.${i}`, buildBranch(block, count, inChannels[i], planes[i], layers)));
    const channels = planes.map((p) => p * HR_BLOCKS[block].expansion);
    if (channels.length === 1) return;
    for (let i = 0; i < (multiscale ? channels.length : 1); i++)
      this.fusions.push(
        channels.map((inputs, j) => {
          if (i === j) return null;
          const name = `fuse_layers.${i}.${j}`;
          if (j > i) {
            const reduce = { inChannels: inputs, outChannels: channels[i], kernelSize: 1 as const, ...layers };
            return this.addChild(name, new ConvNormSequence(reduce));
          }
          const steps = Array.from({ length: i - j }, (_, k) => {
            const last = k === i - j - 1;
            const down = { inChannels: inputs, outChannels: last ? channels[i] : inputs, stride: 2, relu: !last };
            return new ConvNormSequence({ ...down, kernelSize: 3, ...layers });
          });
          return this.addChild(name, new Sequential(steps));
        }),
      );
  }

  /** One map per resolution, each half as fine as the one before. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const maps = this.branches.map((branch, i) => branch.forward(inputs[i]));
      if (maps.length === 1) return maps;
      return this.fusions.map((row, i) => {
        const terms = row.map((fusion, j) => {
          const y = fusion ? fusion.forward(maps[j]) : maps[j];
          return j > i ? upsampleNearest(y, 2 ** (j - i)) : y;
        });
        return tf.relu(tf.addN(terms));
      });
    });
  }
}
