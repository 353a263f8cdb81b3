// TransformerEncoderPixelDecoder: PixelDecoder with a transformer on the coarsest level (Cheng et al., MaskFormer, NeurIPS 2021).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { applyInitCfg, type Conv2d, type ConvModule, xavier } from '../../../nn';
import { SinePositionalEncoding, sineOptions } from '../../layers/positional-encodings/sine-positional-encoding';
import { DetrTransformerEncoder } from '../../layers/transformer/detr-layers';
import { fillsBatch, paddingMask } from '../../layers/transformer/padding-masks';
import { encoderOptions } from '../../layers/transformer/transformer-options';
import type { DetBatch } from '../../types';
import {
  caffe2Conv,
  type DecodedPixels,
  decoderConv,
  type PixelDecoderConfig,
  pixelDecoderOptions,
  requireShape,
  TopDownPixelDecoder,
} from './pixel-decoder';

const options = z.strictObject({
  ...pixelDecoderOptions,
  encoder: encoderOptions.describe('Self-attention among the pixels of the coarsest level'),
  positional_encoding: sineOptions
    .default(sineOptions.parse({ num_feats: 128, normalize: true }))
    .describe('Sine encoding of the positions of the features'),
});

export class TransformerEncoderPixelDecoder extends TopDownPixelDecoder {
  readonly memoryChannels: number;
  private readonly maskFeature: Conv2d;
  private readonly encoder: DetrTransformerEncoder;
  private readonly encoding: SinePositionalEncoding;
  private readonly input: Conv2d;
  private readonly output: ConvModule;

  constructor(config: z.output<typeof options> & PixelDecoderConfig, path: string) {
    super(config);
    const { in_channels, feat_channels, out_channels, positional_encoding } = config;
    this.memoryChannels = feat_channels;
    this.maskFeature = this.addChild('mask_feature', caffe2Conv(feat_channels, out_channels, 3));
    this.encoder = this.addChild('encoder', new DetrTransformerEncoder(config.encoder));
    const { embedDims } = this.encoder;
    if (embedDims !== feat_channels || 2 * positional_encoding.num_feats !== feat_channels)
      throw new DetLabError(
        `Cannot build TransformerEncoderPixelDecoder at ${path}: feat_channels is ${feat_channels}, so the encoder must have as many ` +
          `embed_dims, received ${embedDims}, and positional_encoding.num_feats be half of it, received ${positional_encoding.num_feats}`,
      );
    this.encoding = new SinePositionalEncoding(positional_encoding);
    this.input = this.addChild('encoder_in_proj', caffe2Conv(in_channels[in_channels.length - 1], feat_channels, 1));
    this.output = this.addChild('encoder_out_proj', decoderConv(feat_channels, config, { kernelSize: 3 }));
    for (const [, p] of this.encoder.named()) if (p.variable.rank > 1) p.initializer = xavier();
    applyInitCfg(this, config.init_cfg);
  }

  forward(levels: tf.Tensor4D[], batch: DetBatch): DecodedPixels {
    const last = levels[levels.length - 1];
    const [count, height, width] = last.shape;
    const mask = fillsBatch(batch) ? undefined : paddingMask(batch, [height, width]);
    const pixels = height * width;
    const sequence = (map: tf.Tensor4D): tf.Tensor3D => map.reshape([count, pixels, map.shape[3]]);
    const position = sequence(this.encoding.forward(mask ?? [count, height, width]));
    const projected = this.input.forward(last);
    const encoded = this.encoder.forward(sequence(projected), position, mask?.reshape([count, pixels]));
    const memory: tf.Tensor4D = encoded.reshape(projected.shape);
    const y = this.descend(this.output.forward(memory), levels);
    return { features: this.maskFeature.forward(y), memories: [memory] };
  }
}

export const transformerEncoderPixelDecoderDefinition = defineModule({
  kind: 'pixel_decoder',
  type: 'TransformerEncoderPixelDecoder',
  summary: 'Features of every pixel from all levels of the backbone, the coarsest through a transformer',
  paper: 'Cheng et al., Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021',
  shapes: 'levels [N, H, W, C] -> pixels [N, h, w, out_channels], and the encoded last level',
  example:
    "{ type: 'TransformerEncoderPixelDecoder', in_channels: [256, 512, 1024, 2048], feat_channels: 256, out_channels: 256, encoder: { num_layers: 6, layer_cfg: {} } }",
  options,
  build: (given, { path }: BuildContext) =>
    new TransformerEncoderPixelDecoder(requireShape('TransformerEncoderPixelDecoder', given, path), path),
});
