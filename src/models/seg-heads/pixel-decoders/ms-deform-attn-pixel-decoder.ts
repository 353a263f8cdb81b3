// MSDeformAttnPixelDecoder: the features of every pixel through deformable attention among several levels (Cheng et al., Mask2Former,
// CVPR 2022). The padding of a batch is seen as image.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  applyInitCfg,
  type Conv2d,
  ConvModule,
  Embedding,
  Module,
  ModuleList,
  MultiScaleDeformableAttention,
  xavier,
} from '../../../nn';
import { interpolate } from '../../../ops';
import { filledLike } from '../../../ops/filled-like';
import { SinePositionalEncoding, sineOptions } from '../../layers/positional-encodings/sine-positional-encoding';
import { DeformableDetrTransformerEncoder } from '../../layers/transformer/deformable-detr-layers';
import { deformableEncoderOptions } from '../../layers/transformer/transformer-options';
import {
  caffe2Conv,
  type DecodedPixels,
  decoderConv,
  type PixelDecoder,
  type PixelDecoderConfig,
  pixelDecoderOptions,
  requireShape,
} from './pixel-decoder';

const options = z.strictObject({
  ...pixelDecoderOptions,
  strides: ignoredOption('positions are shares of the image', {
    schema: z.array(z.int().positive()).optional(),
    harmless: [[4, 8, 16, 32]],
  }),
  num_outs: z.int().positive().default(3).describe('Levels that queries attend to, from the coarsest'),
  encoder: deformableEncoderOptions.describe('Deformable self-attention among the pixels of the coarsest levels'),
  positional_encoding: sineOptions
    .default(sineOptions.parse({ num_feats: 128, normalize: true }))
    .describe('Sine encoding of the positions of the features'),
});

export class MSDeformAttnPixelDecoder extends Module implements PixelDecoder {
  readonly memoryChannels: number;
  readonly numOuts: number;
  private readonly inputs: ModuleList<ConvModule>;
  private readonly encoder: DeformableDetrTransformerEncoder;
  private readonly encoding: SinePositionalEncoding;
  private readonly levelEncoding: Embedding;
  /** Of the levels that are not encoded, the coarsest first. */
  private readonly laterals: ModuleList<ConvModule>;
  private readonly outputs: ModuleList<ConvModule>;
  private readonly maskFeature: Conv2d;

  constructor(config: z.output<typeof options> & PixelDecoderConfig, path: string) {
    super();
    const { in_channels, feat_channels: channels, out_channels, norm_cfg: normCfg, positional_encoding } = config;
    const { num_levels: encoded, embed_dims } = config.encoder.layer_cfg.self_attn_cfg;
    this.memoryChannels = channels;
    this.numOuts = config.num_outs;
    const cannot = `Cannot build MSDeformAttnPixelDecoder at ${path}: `;
    if (encoded > in_channels.length || config.num_outs > in_channels.length)
      throw new DetLabError(
        `${cannot}there are ${in_channels.length} levels; the encoder reads ${encoded} (num_levels), queries ${config.num_outs} (num_outs)`,
      );
    if (embed_dims !== channels || 2 * positional_encoding.num_feats !== channels)
      throw new DetLabError(
        `${cannot}feat_channels is ${channels}, so the encoder must have as many embed_dims, received ${embed_dims}, and ` +
          `positional_encoding.num_feats be half of it, received ${positional_encoding.num_feats}`,
      );
    const topDown = [...in_channels].reverse();
    const input = (inChannels: number) => {
      const shape = { inChannels, outChannels: channels, kernelSize: 1, normCfg, actCfg: null };
      const conv = new ConvModule({ ...shape, bias: true });
      conv.conv.weight.initializer = xavier();
      return conv;
    };
    this.inputs = this.addChild('input_convs', new ModuleList(topDown.slice(0, encoded).map(input)));
    this.encoder = this.addChild('encoder', new DeformableDetrTransformerEncoder(config.encoder));
    this.encoding = new SinePositionalEncoding(positional_encoding);
    this.levelEncoding = this.addChild('level_encoding', new Embedding({ count: encoded, channels }));
    const rest = topDown.slice(encoded);
    const lateral = (c: number) => decoderConv(c, config, { kernelSize: 1, activated: false });
    this.laterals = this.addChild('lateral_convs', new ModuleList(rest.map(lateral)));
    const outputs = rest.map(() => decoderConv(channels, config, { kernelSize: 3 }));
    this.outputs = this.addChild('output_convs', new ModuleList(outputs));
    this.maskFeature = this.addChild('mask_feature', caffe2Conv(channels, out_channels, 1));
    for (const [, p] of this.encoder.named())
      if (p.variable.rank > 1) p.initializer = xavier({ distribution: 'normal' });
    for (const [, m] of this.encoder.modules()) if (m instanceof MultiScaleDeformableAttention) m.resetInit();
    applyInitCfg(this, config.init_cfg);
  }

  forward(levels: tf.Tensor4D[]): DecodedPixels {
    const topDown = [...levels].reverse();
    const outs = this.encode(topDown.slice(0, this.inputs.length));
    for (const [i, level] of topDown.slice(this.inputs.length).entries()) {
      const lateral = this.laterals.at(i).forward(level);
      const [, height, width] = lateral.shape;
      const above = interpolate(outs[outs.length - 1], { size: [height, width], mode: 'bilinear' });
      outs.push(this.outputs.at(i).forward(tf.add<tf.Tensor4D>(lateral, above)));
    }
    return { features: this.maskFeature.forward(outs[outs.length - 1]), memories: outs.slice(0, this.numOuts) };
  }

  /** The levels, the coarsest first, after deformable attention among them. */
  private encode(levels: tf.Tensor4D[]): tf.Tensor4D[] {
    const [count] = levels[0].shape;
    const shapes = levels.map(({ shape: [, h, w] }): [number, number] => [h, w]);
    const channels = this.memoryChannels;
    const sequence = (map: tf.Tensor4D): tf.Tensor3D => map.reshape([map.shape[0], -1, channels]);
    const inputs = levels.map((level, i) => sequence(this.inputs.at(i).forward(level)));
    const positions = levels.map((level, i) =>
      tf.add(sequence(this.encoding.over(level)), tf.slice(this.levelEncoding.table, [i, 0], [1, channels])),
    );
    const pyramid = { shapes, validRatios: filledLike<tf.Rank.R3>(levels[0], [count, levels.length, 2], 1) };
    const memory = this.encoder.forward(tf.concat(inputs, 1), tf.concat(positions, 1) as tf.Tensor3D, pyramid);
    const parts = tf.split(
      memory,
      shapes.map(([h, w]) => h * w),
      1,
    );
    return parts.map((part, i) => part.reshape<tf.Tensor4D>([count, ...shapes[i], channels]));
  }
}

export const msDeformAttnPixelDecoderDefinition = defineModule({
  kind: 'pixel_decoder',
  type: 'MSDeformAttnPixelDecoder',
  summary: 'Features of every pixel through deformable attention among several levels',
  paper: 'Cheng et al., Masked-attention Mask Transformer for Universal Image Segmentation, CVPR 2022',
  shapes: 'levels [N, H, W, C] -> pixels [N, h, w, out_channels], and num_outs levels, the coarsest first',
  example:
    "{ type: 'MSDeformAttnPixelDecoder', in_channels: [256, 512, 1024, 2048], feat_channels: 256, out_channels: 256, num_outs: 3, encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: { num_levels: 3 } } } }",
  options,
  build: (given, { path }: BuildContext) =>
    new MSDeformAttnPixelDecoder(requireShape('MSDeformAttnPixelDecoder', given, path), path),
});
