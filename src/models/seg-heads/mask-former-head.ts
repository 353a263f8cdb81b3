// MaskFormerHead: queries of a transformer decoder, each a class and a mask (Cheng et al., Per-Pixel Classification is Not All You Need for
// Semantic Segmentation, NeurIPS 2021). Masks are compared pixel by pixel, in the size of the image.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { applyInitCfg, type Conv2d, Embedding, type Linear, xavier } from '../../nn';
import { interpolate } from '../../ops';
import { SinePositionalEncoding } from '../layers/positional-encodings/sine-positional-encoding';
import { DetrTransformerDecoder } from '../layers/transformer/detr-layers';
import { fillsBatch, paddingMask } from '../layers/transformer/padding-masks';
import type { DetBatch } from '../types';
import {
  diceLossOption,
  inferMaskQuery,
  type MaskQueryConfig,
  maskLossOption,
  maskQueryInferred,
  maskQueryOptions,
  maskTrainCfg,
} from './mask-former-options';
import {
  type ComparedMasks,
  checkLevels,
  type MaskPredictions,
  MaskQueryHead,
  type MatchedMask,
  predictMasks,
} from './mask-query-head';
import { type MaskTruths, masksOnGrid } from './mask-truths';
import { caffe2Conv, type PixelDecoder, PlainPixelDecoder } from './pixel-decoders/pixel-decoder';

const options = z.strictObject({
  ...maskQueryOptions(1),
  loss_mask: maskLossOption({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 20 } as {
    type: string;
  }),
  loss_dice: diceLossOption({ type: 'DiceLoss', activate: true, naive_dice: true, loss_weight: 1 } as { type: string }),
  train_cfg: z
    .strictObject(maskTrainCfg)
    .nullish()
    .describe('Matching of queries with masks, passed down by the detector'),
});

export class MaskFormerHead extends MaskQueryHead {
  private readonly pixelDecoder: PixelDecoder;
  private readonly decoder: DetrTransformerDecoder;
  private readonly projection?: Conv2d;
  private readonly encoding: SinePositionalEncoding;
  private readonly queries: Embedding;
  private readonly predictors: { classes: Linear; embedding: Linear[] };

  constructor(config: MaskQueryConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    const { in_channels, feat_channels, out_channels, num_queries: count } = config;
    checkLevels('MaskFormerHead', in_channels, context);
    this.pixelDecoder = this.addChild(
      'pixel_decoder',
      registry.build(
        'pixel_decoder',
        { ...config.pixel_decoder, in_channels, feat_channels, out_channels },
        { path: `${path}.pixel_decoder` },
      ),
    );
    this.decoder = this.addChild('transformer_decoder', new DetrTransformerDecoder(config.transformer_decoder));
    const { embedDims } = this.decoder;
    const { memoryChannels } = this.pixelDecoder;
    if (this.pixelDecoder instanceof PlainPixelDecoder) {
      if (memoryChannels !== embedDims || config.enforce_decoder_input_project)
        this.projection = this.addChild('decoder_input_proj', caffe2Conv(memoryChannels, embedDims, 1));
    } else if (memoryChannels !== embedDims)
      throw wrongDecoder('MaskFormerHead', path, `it attends to ${memoryChannels} channels`, embedDims);
    if (feat_channels !== embedDims || out_channels !== embedDims)
      throw wrongDecoder(
        'MaskFormerHead',
        path,
        `feat_channels is ${feat_channels}, out_channels ${out_channels}`,
        embedDims,
      );
    this.encoding = new SinePositionalEncoding(config.positional_encoding);
    this.queries = this.addChild('query_embed', new Embedding({ count, channels: out_channels }));
    this.predictors = this.addPredictors();
    for (const [, p] of this.decoder.named()) if (p.variable.rank > 1) p.initializer = xavier();
    applyInitCfg(this, config.init_cfg);
  }

  forward(levels: tf.Tensor4D[], batch: DetBatch): MaskPredictions[] {
    const { features, memories } = this.pixelDecoder.forward(levels, batch);
    const memory = this.projection ? this.projection.forward(memories[0]) : memories[0];
    const [count, height, width, channels] = memory.shape;
    const pixels = height * width;
    const mask = fillsBatch(batch) ? undefined : paddingMask(batch, [height, width]);
    const keyPos: tf.Tensor3D = this.encoding
      .forward(mask ?? [count, height, width])
      .reshape([count, pixels, channels]);
    const queryPos = tf.tile(this.queries.table.expandDims<tf.Tensor3D>(0), [count, 1, 1]);
    const states = this.decoder.forward(tf.zerosLike(queryPos), queryPos, {
      key: memory.reshape([count, pixels, channels]),
      keyPos,
      keyPaddingMask: mask?.reshape([count, pixels]),
    });
    return states.map((state) => predictMasks(state, features, this.predictors));
  }

  protected compared(masks: tf.Tensor3D, { bitmaps }: MaskTruths, { batchShape }: DetBatch): ComparedMasks {
    const [, height, width] = masks.shape;
    return { predicted: masks.dataSync<'float32'>(), truth: masksOnGrid(bitmaps, batchShape, [height, width]) };
  }

  protected maskLosses(
    logits: tf.Tensor3D,
    truths: readonly MaskTruths[],
    matched: readonly MatchedMask[],
    divisor: number,
    { batchShape }: DetBatch,
  ): { mask: tf.Scalar; dice: tf.Scalar } {
    const [height, width] = batchShape;
    const bitmaps = matched.map(({ image, truth }) => truths[image].bitmaps[truth]);
    const target = tf.tensor3d(masksOnGrid(bitmaps, batchShape, batchShape), [matched.length, height, width]);
    const enlarged = interpolate(logits.expandDims<tf.Tensor4D>(3), { size: batchShape, mode: 'bilinear' });
    const maps: tf.Tensor3D = enlarged.reshape([matched.length, height, width]);
    // the mask is class 0, what is around it background
    const labels = tf.sub(1, target).reshape([-1]).cast('int32');
    const avgFactor = divisor * height * width;
    return {
      mask: this.lossMask.forward(maps.reshape([-1, 1]), labels, { avgFactor }) as tf.Scalar,
      dice: this.lossDice.forward(maps, target, { avgFactor: divisor }) as tf.Scalar,
    };
  }
}

export const wrongDecoder = (type: string, path: string, what: string, embedDims: number): DetLabError =>
  new DetLabError(
    `Cannot build ${type} at ${path}: ${what}, but the embed_dims of transformer_decoder are ${embedDims}. Make them equal`,
  );

export const maskFormerHeadDefinition = defineModule({
  kind: 'panoptic_head',
  type: 'MaskFormerHead',
  summary: 'Queries of a transformer decoder, each a class and a mask',
  paper: 'Cheng et al., Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021',
  shapes: 'levels [N, H, W, C] -> by layer, logits [N, Q, classes + 1] and masks [N, Q, h, w]',
  example: `{
  type: 'MaskFormerHead',
  in_channels: [256, 512, 1024, 2048],
  feat_channels: 256,
  out_channels: 256,
  num_things_classes: 80,
  pixel_decoder: { type: 'TransformerEncoderPixelDecoder', encoder: { num_layers: 6, layer_cfg: {} } },
  transformer_decoder: { num_layers: 6, layer_cfg: {} },
}`,
  options,
  forwards: {
    pixel_decoder: { in_channels: 'in_channels', feat_channels: 'feat_channels', out_channels: 'out_channels' },
  },
  inferred: maskQueryInferred,
  infer: (given, context) => inferMaskQuery('MaskFormerHead', given, context),
  build: (given, context) => new MaskFormerHead(given as MaskQueryConfig, context),
});
