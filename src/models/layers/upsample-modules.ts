// mmcv's upsampling modules that FPN_CARAFE chooses from: interpolation, transposed convolution, pixel shuffle, CARAFE.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ConvTranspose2d } from '../../nn/conv-transpose2d';
import { Conv2d } from '../../nn/conv2d';
import { normal, xavier, zeros } from '../../nn/initializers';
import { Module } from '../../nn/module';
import { carafe } from '../../ops/carafe';
import { type InterpolationMode, interpolate } from '../../ops/interpolate';
import { pixelShuffle } from '../../ops/pixel-shuffle';

const kernel = z.int().positive().describe('Kernel size');
export const upsampleModuleCfg = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('nearest').describe('Nearest pixel') }),
  z.strictObject({ type: z.literal('bilinear').describe('Bilinear interpolation') }),
  z.strictObject({ type: z.literal('deconv').describe('Transposed convolution'), upsample_kernel: kernel }),
  z.strictObject({
    type: z.literal('pixel_shuffle').describe('Convolution to four times the channels'),
    upsample_kernel: kernel,
  }),
  z.strictObject({
    type: z.literal('carafe').describe('Content-aware reassembly of features (CARAFE)'),
    up_kernel: z.int().positive().default(5).describe('Reassembly kernel size, odd'),
    up_group: z.int().positive().default(1).describe('Parts of the channels with weights of their own'),
    encoder_kernel: z
      .int()
      .positive()
      .default(3)
      .describe('Kernel size of the convolution that predicts the reassembly kernels'),
    encoder_dilation: z.int().positive().default(1).describe('Dilation of the reassembly kernel encoder'),
    compressed_channels: z.int().positive().default(64).describe('Channels the weights are predicted from'),
  }),
]);
export type UpsampleModuleCfg = z.output<typeof upsampleModuleCfg>;

export interface UpsampleModule extends Module {
  /** [N, H, W, C] -> [N, 2 H, 2 W, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D;
}

const FACTOR = 2;
const start = { init: xavier(), biasInit: zeros };

export class Interpolation extends Module implements UpsampleModule {
  constructor(private readonly mode: InterpolationMode) {
    super();
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return interpolate(x, { scaleFactor: FACTOR, mode: this.mode });
  }
}

class PixelShufflePack extends Module implements UpsampleModule {
  private readonly conv: Conv2d;

  constructor(channels: number, kernelSize: number) {
    super();
    const shape = { inChannels: channels, outChannels: channels * FACTOR ** 2, kernelSize };
    const padding = Math.floor((kernelSize - 1) / 2);
    this.conv = this.addChild('upsample_conv', new Conv2d({ ...shape, padding, ...start }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => pixelShuffle(this.conv.forward(x), FACTOR));
  }
}

/** CARAFE (Wang et al., ICCV 2019): the weights of each window are predicted from the compressed map around it. */
export class CARAFEPack extends Module implements UpsampleModule {
  private readonly compressor: Conv2d;
  private readonly encoder: Conv2d;

  constructor(
    channels: number,
    private readonly options: Extract<UpsampleModuleCfg, { type: 'carafe' }>,
  ) {
    super();
    const { up_kernel, up_group, encoder_kernel: kernelSize, encoder_dilation: dilation } = options;
    const inner = options.compressed_channels;
    this.compressor = this.addChild(
      'channel_compressor',
      new Conv2d({ inChannels: channels, outChannels: inner, kernelSize: 1, ...start }),
    );
    const outChannels = up_kernel ** 2 * up_group * FACTOR ** 2;
    const padding = Math.floor(((kernelSize - 1) * dilation) / 2);
    this.encoder = this.addChild(
      'content_encoder',
      new Conv2d({
        inChannels: inner,
        outChannels,
        kernelSize,
        padding,
        dilation,
        init: normal(0.001),
        biasInit: zeros,
      }),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const { up_kernel, up_group: groups } = this.options;
      const logits = pixelShuffle(this.encoder.forward(this.compressor.forward(x)), FACTOR);
      const [n, h, w, c] = logits.shape;
      const weights = tf
        .softmax(logits.reshape([n * h * w, groups, up_kernel ** 2]))
        .reshape<tf.Tensor4D>([n, h, w, c]);
      return carafe(x, weights, { kernelSize: up_kernel, groups, scaleFactor: FACTOR });
    });
  }
}

export function buildUpsampleModule(config: UpsampleModuleCfg, channels: number): UpsampleModule {
  switch (config.type) {
    case 'nearest':
    case 'bilinear':
      return new Interpolation(config.type);
    case 'deconv': {
      const padding = Math.floor((config.upsample_kernel - 1) / 2);
      const shape = { inChannels: channels, outChannels: channels, kernelSize: config.upsample_kernel, stride: FACTOR };
      return new ConvTranspose2d({ ...shape, padding, outputPadding: padding, ...start });
    }
    case 'pixel_shuffle':
      return new PixelShufflePack(channels, config.upsample_kernel);
    case 'carafe':
      return new CARAFEPack(channels, config);
  }
}
