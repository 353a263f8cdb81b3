// The path aggregation of the YOLO family: a top-down and a bottom-up path of concatenations and CSP layers, and an output
// convolution per level. YOLOX and RTMDet differ in the blocks and in that last convolution.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConvModule } from '../../nn/conv-module';
import { DepthwiseSeparableConvModule } from '../../nn/depthwise-separable-conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { actCfg, convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { INTERPOLATION_MODES, interpolate } from '../../ops/interpolate';
import { CSPLayer, type CSPLayerConfig } from '../layers/csp-layer';
import type { FeatureSpec, Neck } from '../types';

export const cspPafpnOptions = z.strictObject({
  in_channels: z.array(z.int().positive()).min(2).optional().describe('Channels of each backbone level'),
  out_channels: z.int().positive().describe('Channels of every output level'),
  num_csp_blocks: z.int().min(0).default(3).describe('Blocks of each CSP layer'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions'),
  upsample_cfg: z
    .strictObject({
      scale_factor: z.number().positive().default(2).describe('Factor'),
      mode: z.enum(INTERPOLATION_MODES).default('nearest').describe('Interpolation'),
      align_corners: z.boolean().nullish().describe('bilinear, bicubic: align the corner pixels of input and output'),
    })
    .default({ scale_factor: 2, mode: 'nearest' })
    .describe('How a level is upsampled to the size of the next finer one'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution type'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 })
    .describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'Swish' }).describe('Activation'),
  init_cfg: initCfg
    .nullable()
    .default({
      ...{ type: 'Kaiming', layer: 'Conv2d', a: Math.sqrt(5), distribution: 'uniform', mode: 'fan_in' },
      nonlinearity: 'leaky_relu',
    })
    .describe('Weight initialisation'),
});
export type CSPPAFPNOptions = z.output<typeof cspPafpnOptions> & { in_channels: number[] };

type Conv = ConvModule | DepthwiseSeparableConvModule;

export class CSPPAFPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly reduceLayers: ModuleList<ConvModule>;
  private readonly topDownBlocks: ModuleList<CSPLayer>;
  private readonly downsamples: ModuleList<Conv>;
  private readonly bottomUpBlocks: ModuleList<CSPLayer>;
  private readonly outConvs: ModuleList<Conv>;

  constructor(
    private readonly options: CSPPAFPNOptions,
    blocks: Pick<CSPLayerConfig, 'useCSPNeXtBlock' | 'expandRatio'>,
    lastKernel: 1 | 3,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels: channels, out_channels, num_csp_blocks, use_depthwise: useDepthwise } = options;
    const layers = { convCfg: options.conv_cfg, normCfg: options.norm_cfg, actCfg: options.act_cfg };
    const Strided = useDepthwise ? DepthwiseSeparableConvModule : ConvModule;
    const Last = lastKernel === 3 ? Strided : ConvModule;
    const csp = (inChannels: number, outChannels: number) =>
      new CSPLayer({
        ...{ inChannels, outChannels, numBlocks: num_csp_blocks, addIdentity: false, useDepthwise },
        ...blocks,
        ...layers,
      });
    const finer = channels.slice(0, -1);
    const down = [...finer.keys()].reverse(); // the level that a step down leads to
    this.reduceLayers = this.addChild(
      'reduce_layers',
      new ModuleList(
        down.map(
          (i) => new ConvModule({ inChannels: channels[i + 1], outChannels: channels[i], kernelSize: 1, ...layers }),
        ),
      ),
    );
    this.topDownBlocks = this.addChild(
      'top_down_blocks',
      new ModuleList(down.map((i) => csp(channels[i] * 2, channels[i]))),
    );
    this.downsamples = this.addChild(
      'downsamples',
      new ModuleList<Conv>(
        finer.map(
          (c) => new Strided({ inChannels: c, outChannels: c, kernelSize: 3, stride: 2, padding: 1, ...layers }),
        ),
      ),
    );
    this.bottomUpBlocks = this.addChild(
      'bottom_up_blocks',
      new ModuleList(finer.map((c, i) => csp(c * 2, channels[i + 1]))),
    );
    const last = { outChannels: out_channels, kernelSize: lastKernel, padding: (lastKernel - 1) / 2, ...layers };
    this.outConvs = this.addChild(
      'out_convs',
      new ModuleList<Conv>(channels.map((inChannels) => new Last({ inChannels, ...last }))),
    );
    this.outputs = channels.map((_, i) => ({ channels: out_channels, stride: inputs?.[i].stride ?? 8 * 2 ** i }));
    applyInitCfg(this, options.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { scale_factor: scaleFactor, mode, align_corners: alignCorners } = this.options.upsample_cfg;
      const inner = [...inputs];
      for (const [step, block] of [...this.topDownBlocks].entries()) {
        const i = inputs.length - 2 - step;
        inner[i + 1] = this.reduceLayers.at(step).forward(inner[i + 1]);
        // a block repeats the pixels of a map of half the size by itself
        const repeated = mode === 'nearest' && scaleFactor === 2;
        const large = repeated ? inner[i + 1] : interpolate(inner[i + 1], { scaleFactor, mode, alignCorners });
        inner[i] = block.forward([large, inputs[i]]);
      }
      const outs = [inner[0]];
      for (const [i, block] of [...this.bottomUpBlocks].entries())
        outs.push(block.forward([this.downsamples.at(i).forward(outs[i]), inner[i + 1]]));
      return outs.map((x, i) => this.outConvs.at(i).forward(x));
    });
  }
}
