// PixelDecoder: the features of every pixel from all levels of the backbone, as FPN does (Cheng et al., MaskFormer, NeurIPS 2021). Every
// convolution starts as Caffe2's Xavier, where MMDetection forgets those of the last but one level.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  initCfg,
  kaiming,
  Module,
  ModuleList,
  type NormCfg,
  normCfg,
  zeros,
} from '../../../nn';
import { interpolate } from '../../../ops';
import type { DetBatch } from '../../types';

const size = z.int().positive();

/** Passed down by the head. */
export const pixelDecoderOptions = {
  in_channels: z.array(size).optional().describe('Channels of the levels, passed down by the head'),
  feat_channels: size.optional().describe('Channels of the layers, passed down by the head'),
  out_channels: size.optional().describe('Channels of a pixel, passed down by the head'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm after every convolution'),
  act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation of the convolutions'),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
};
const options = z.strictObject(pixelDecoderOptions);

/** The same with what the head passes down. */
export interface PixelDecoderConfig {
  in_channels: number[];
  feat_channels: number;
  out_channels: number;
  norm_cfg: NormCfg | null;
  act_cfg: ActCfg | null;
}

/** What a pixel decoder makes of the levels of a batch. */
export interface DecodedPixels {
  /** Of every pixel, [N, h, w, out_channels]. */
  features: tf.Tensor4D;
  /** What queries attend to, the coarsest first. */
  memories: tf.Tensor4D[];
}

export interface PixelDecoder extends Module {
  /** Channels of the memories. */
  readonly memoryChannels: number;
  forward(levels: tf.Tensor4D[], batch: DetBatch): DecodedPixels;
}

declare module '../../../catalogue/registry' {
  interface Built {
    pixel_decoder: PixelDecoder;
  }
}

/** @throws DetLabError where the head has not said what it reads */
export function requireShape<O extends object>(type: string, given: O, path: string): O & PixelDecoderConfig {
  for (const key of ['in_channels', 'feat_channels', 'out_channels'])
    if (Reflect.get(given, key) === undefined)
      throw new DetLabError(`Cannot build ${type} at ${path}: ${key} is neither given nor passed down by a head`);
  return given as O & PixelDecoderConfig;
}

const start = kaiming({ a: 1, mode: 'fan_in', distribution: 'uniform', nonlinearity: 'leaky_relu' });

export const caffe2Conv = (inChannels: number, outChannels: number, kernelSize: 1 | 3): Conv2d =>
  new Conv2d({ inChannels, outChannels, kernelSize, padding: kernelSize >> 1, init: start, biasInit: zeros });

/** A convolution with its norm, whose bias is there without a norm alone. */
export function decoderConv(
  inChannels: number,
  { feat_channels: outChannels, norm_cfg: normCfg, act_cfg: actCfg }: PixelDecoderConfig,
  { kernelSize, activated = true }: { kernelSize: 1 | 3; activated?: boolean },
): ConvModule {
  const conv = new ConvModule({
    inChannels,
    outChannels,
    kernelSize,
    padding: kernelSize >> 1,
    bias: normCfg === null,
    normCfg,
    actCfg: activated ? actCfg : null,
  });
  conv.conv.weight.initializer = start;
  return conv;
}

/** The top-down path of pixel decoders, from coarse to fine. */
export abstract class TopDownPixelDecoder extends Module implements PixelDecoder {
  abstract readonly memoryChannels: number;
  protected readonly laterals: ModuleList<ConvModule>;
  protected readonly outputs: ModuleList<ConvModule>;

  constructor(config: PixelDecoderConfig) {
    super();
    const { in_channels, feat_channels } = config;
    const below = in_channels.slice(0, -1);
    this.laterals = this.addChild(
      'lateral_convs',
      new ModuleList(below.map((c) => decoderConv(c, config, { kernelSize: 1, activated: false }))),
    );
    this.outputs = this.addChild(
      'output_convs',
      new ModuleList(below.map(() => decoderConv(feat_channels, config, { kernelSize: 3 }))),
    );
  }

  abstract forward(levels: tf.Tensor4D[], batch: DetBatch): DecodedPixels;

  /** From `top`, the features of the coarsest level, to the finest. */
  protected descend(top: tf.Tensor4D, levels: tf.Tensor4D[]): tf.Tensor4D {
    let y = top;
    for (let i = levels.length - 2; i >= 0; i--) {
      const lateral = this.laterals.at(i).forward(levels[i]);
      const [, height, width] = lateral.shape;
      y = this.outputs
        .at(i)
        .forward(tf.add<tf.Tensor4D>(lateral, interpolate(y, { size: [height, width], mode: 'nearest' })));
    }
    return y;
  }
}

export class PlainPixelDecoder extends TopDownPixelDecoder {
  readonly memoryChannels: number;
  private readonly lastConv: ConvModule;
  private readonly maskFeature: Conv2d;

  constructor(config: z.output<typeof options> & PixelDecoderConfig) {
    super(config);
    const { in_channels, feat_channels, out_channels } = config;
    this.memoryChannels = in_channels[in_channels.length - 1];
    this.lastConv = this.addChild('last_feat_conv', decoderConv(this.memoryChannels, config, { kernelSize: 3 }));
    this.maskFeature = this.addChild('mask_feature', caffe2Conv(feat_channels, out_channels, 3));
    applyInitCfg(this, config.init_cfg);
  }

  forward(levels: tf.Tensor4D[]): DecodedPixels {
    const last = levels[levels.length - 1];
    const y = this.descend(this.lastConv.forward(last), levels);
    return { features: this.maskFeature.forward(y), memories: [last] };
  }
}

export const pixelDecoderDefinition = defineModule({
  kind: 'pixel_decoder',
  type: 'PixelDecoder',
  summary: 'Features of every pixel from all levels of the backbone, by convolutions',
  paper: 'Cheng et al., Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021',
  shapes: 'levels [N, H, W, C] -> pixels [N, h, w, out_channels], and the last level',
  example:
    "{ type: 'PixelDecoder', in_channels: [256, 512, 1024, 2048], feat_channels: 256, out_channels: 256, norm_cfg: { type: 'GN', num_groups: 32 } }",
  options,
  build: (given, { path }: BuildContext) => new PlainPixelDecoder(requireShape('PixelDecoder', given, path)),
});
