// Mask2FormerHead: queries that attend to the pixels of their own masks, level after level (Cheng et al., Masked-attention Mask Transformer
// for Universal Image Segmentation, CVPR 2022). Masks are compared at points.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { applyInitCfg, Embedding, Identity, type Linear, ModuleList, xavier } from '../../nn';
import { interpolate, stopGradient } from '../../ops';
import { pointSample } from '../../ops/point-sample';
import { SinePositionalEncoding } from '../layers/positional-encodings/sine-positional-encoding';
import { Mask2FormerTransformerDecoder } from '../layers/transformer/mask2former-layers';
import { uncertainPoints } from '../layers/uncertain-points';
import { requireCfg } from '../require-cfg';
import type { DetBatch, LossContext } from '../types';
import { wrongDecoder } from './mask-former-head';
import {
  diceLossOption,
  inferMaskQuery,
  type MaskQueryConfig,
  maskLossOption,
  maskQueryInferred,
  maskQueryOptions,
  maskTrainCfg,
  pointTrainCfg,
} from './mask-former-options';
import {
  type ComparedMasks,
  checkLevels,
  type MaskPredictions,
  MaskQueryHead,
  type MatchedMask,
  predictMasks,
} from './mask-query-head';
import { type MaskTruths, maskAtPoints } from './mask-truths';
import { caffe2Conv, type PixelDecoder } from './pixel-decoders/pixel-decoder';

const trainCfg = z.strictObject({ ...maskTrainCfg, ...pointTrainCfg });
export const mask2FormerOptions = {
  ...maskQueryOptions(2),
  num_transformer_feat_level: z.int().positive().default(3).describe('Levels that queries attend to in turn'),
  loss_mask: maskLossOption({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 5 } as { type: string }),
  loss_dice: diceLossOption({ type: 'DiceLoss', activate: true, naive_dice: true, eps: 1, loss_weight: 5 } as {
    type: string;
  }),
  train_cfg: trainCfg.nullish().describe('Matching of queries with masks, passed down by the detector'),
};
const options = z.strictObject(mask2FormerOptions);
export type Mask2FormerConfig = MaskQueryConfig & {
  num_transformer_feat_level: number;
  train_cfg?: z.output<typeof trainCfg> | null;
};

export class Mask2FormerHead extends MaskQueryHead<Mask2FormerConfig> {
  private readonly pixelDecoder: PixelDecoder;
  private readonly decoder: Mask2FormerTransformerDecoder;
  private readonly projections: ModuleList<Identity | ReturnType<typeof caffe2Conv>>;
  private readonly encoding: SinePositionalEncoding;
  private readonly queryEmbed: Embedding;
  private readonly queryFeat: Embedding;
  private readonly levelEmbed: Embedding;
  private readonly predictors: { classes: Linear; embedding: Linear[] };

  constructor(config: Mask2FormerConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    const { in_channels, feat_channels: channels, out_channels, num_transformer_feat_level: levels } = config;
    checkLevels('Mask2FormerHead', in_channels, context);
    const place = { path: `${path}.pixel_decoder` };
    const pixelDecoder = { ...config.pixel_decoder, in_channels, feat_channels: channels, out_channels };
    this.pixelDecoder = this.addChild('pixel_decoder', registry.build('pixel_decoder', pixelDecoder, place));
    const outs = Reflect.get(this.pixelDecoder, 'numOuts') ?? 1;
    if (outs < levels)
      throw new DetLabError(
        `Cannot build Mask2FormerHead at ${path}: queries attend to ${levels} levels (num_transformer_feat_level), but pixel_decoder ` +
          `gives ${outs} (num_outs of MSDeformAttnPixelDecoder)`,
      );
    this.decoder = this.addChild('transformer_decoder', new Mask2FormerTransformerDecoder(config.transformer_decoder));
    const { embedDims } = this.decoder;
    if (channels !== embedDims) throw wrongDecoder('Mask2FormerHead', path, `feat_channels is ${channels}`, embedDims);
    const projection = () =>
      config.enforce_decoder_input_project ? caffe2Conv(channels, embedDims, 1) : new Identity();
    this.projections = this.addChild('decoder_input_projs', new ModuleList(Array.from({ length: levels }, projection)));
    this.encoding = new SinePositionalEncoding(config.positional_encoding);
    const table = (name: string, count: number) => this.addChild(name, new Embedding({ count, channels }));
    this.queryEmbed = table('query_embed', config.num_queries);
    this.queryFeat = table('query_feat', config.num_queries);
    this.levelEmbed = table('level_embed', levels);
    this.predictors = this.addPredictors();
    for (const [, p] of this.decoder.named())
      if (p.variable.rank > 1) p.initializer = xavier({ distribution: 'normal' });
    applyInitCfg(this, config.init_cfg);
  }

  /** Predictions of the queries before the first layer and after every layer. */
  forward(maps: tf.Tensor4D[], batch: DetBatch): MaskPredictions[] {
    const { features, memories } = this.pixelDecoder.forward(maps, batch);
    const [images, rows, columns, depth] = features.shape;
    const length = this.clipLength(images, batch);
    const count = images / length;
    const pixels: tf.Tensor4D = features.reshape([count, length * rows, columns, depth]);
    const inputs = [...this.projections].map((projection, i) => {
      const [, height, width, channels] = memories[i].shape;
      const key: tf.Tensor3D = projection.forward(memories[i]).reshape([count, length * height * width, channels]);
      const level = tf.slice(this.levelEmbed.table, [i, 0], [1, channels]);
      const keyPos: tf.Tensor3D = this.encode([count, length, height, width], memories[i]).reshape(key.shape);
      return { key: tf.add<tf.Tensor3D>(key, level), keyPos, size: [height, width] as [number, number] };
    });
    const tiled = ({ table }: Embedding) => tf.tile(table.expandDims<tf.Tensor3D>(0), [count, 1, 1]);
    const queryPos = tiled(this.queryEmbed);
    let query = tiled(this.queryFeat);
    const predict = () => predictMasks(this.decoder.postNorm.forward(query), pixels, this.predictors);
    const layers = [predict()];
    for (const [i, layer] of [...this.decoder.layers].entries()) {
      const { size, ...memory } = inputs[i % inputs.length];
      const attnMask = outsideMasks(layers[i].masks, size, length);
      query = layer.forward(query, queryPos, { ...memory, attnMask });
      layers.push(predict());
    }
    return layers;
  }

  /** Images that queries read together. */
  protected clipLength(_images: number, _batch: DetBatch): number {
    return 1;
  }

  /** The positions of the features of clips [N, T, h, w], one for each feature of the map [N T, h, w, C]. */
  protected encode(_shape: [number, number, number, number], map: tf.Tensor4D): tf.Tensor {
    return this.encoding.over(map);
  }

  protected get points(): z.output<typeof trainCfg> {
    return requireCfg(this.config.train_cfg, 'Mask2FormerHead', 'train_cfg');
  }

  protected compared(
    masks: tf.Tensor3D,
    { bitmaps }: MaskTruths,
    { batchShape }: DetBatch,
    { random }: LossContext,
  ): ComparedMasks {
    const { num_points: count } = this.points;
    const points = Float32Array.from({ length: 2 * count }, () => random.uniform());
    // a map with a channel for every query
    const map = tf.transpose(masks, [1, 2, 0]).expandDims<tf.Tensor4D>(0);
    const sampled = pointSample(map, tf.tensor3d(points, [1, count, 2])).squeeze<tf.Tensor2D>([0]);
    const truth = new Float32Array(bitmaps.length * count);
    for (const [k, bitmap] of bitmaps.entries()) truth.set(maskAtPoints(bitmap, points, batchShape), k * count);
    return { predicted: tf.transpose(sampled).dataSync<'float32'>(), truth };
  }

  protected maskLosses(
    logits: tf.Tensor3D,
    truths: readonly MaskTruths[],
    matched: readonly MatchedMask[],
    divisor: number,
    { batchShape }: DetBatch,
    { random }: LossContext,
    length = 1,
  ): { mask: tf.Scalar; dice: tf.Scalar } {
    const { num_points: count } = this.points;
    const n = matched.length;
    const maps = logits.expandDims<tf.Tensor4D>(3);
    const sample = (from: tf.Tensor4D, points: Float32Array): tf.Tensor2D =>
      pointSample(from, tf.tensor3d(points, [n, points.length / 2 / n, 2])).squeeze([2]);
    const points = uncertainPoints(n, this.points, random, (candidates) =>
      sample(stopGradient(maps), candidates).dataSync<'float32'>(),
    );
    const values = new Float32Array(n * count);
    for (const [k, { image, truth }] of matched.entries()) {
      const own = points.subarray(2 * k * count, 2 * (k + 1) * count);
      values.set(maskAtPoints(truths[image].bitmaps[truth], own, batchShape), k * count);
    }
    const predicted = sample(maps, points);
    const target = tf.tensor2d(values, [n, count]);
    return {
      mask: this.lossMask.forward(predicted.reshape([-1]), target.reshape([-1]), {
        avgFactor: (divisor * count) / length,
      }) as tf.Scalar,
      dice: this.lossDice.forward(predicted, target, { avgFactor: divisor }) as tf.Scalar,
    };
  }
}

/**
 * The pixels of a level that queries do not read: those outside of their masks [N, Q, T h, w], T images below one another. A query without
 * any reads all.
 */
function outsideMasks(masks: tf.Tensor4D, [height, width]: [number, number], length: number): tf.Tensor4D {
  const [images, queries, h, w] = masks.shape;
  const maps = stopGradient(masks).reshape<tf.Tensor4D>([images * queries * length, h / length, w, 1]);
  const resized = interpolate(maps, { size: [height, width], mode: 'bilinear' });
  const shape: [number, number, number, number] = [images, 1, queries, length * height * width];
  const outside = tf.less(tf.sigmoid(resized), 0.5).reshape<tf.Tensor4D>(shape);
  return tf.logicalAnd(outside, tf.logicalNot(tf.all(outside, 3, true)));
}

export const mask2FormerHeadDefinition = defineModule({
  kind: 'panoptic_head',
  type: 'Mask2FormerHead',
  summary: 'Queries that attend to the pixels of their own masks, each a class and a mask',
  paper: 'Cheng et al., Masked-attention Mask Transformer for Universal Image Segmentation, CVPR 2022',
  shapes: 'levels [N, H, W, C] -> by layer, logits [N, Q, classes + 1] and masks [N, Q, h, w]',
  example: `{
  type: 'Mask2FormerHead',
  in_channels: [256, 512, 1024, 2048],
  feat_channels: 256,
  out_channels: 256,
  num_things_classes: 80,
  pixel_decoder: { type: 'MSDeformAttnPixelDecoder', encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: { num_levels: 3 } } } },
  transformer_decoder: { num_layers: 9, layer_cfg: {} },
}`,
  options,
  forwards: {
    pixel_decoder: { in_channels: 'in_channels', feat_channels: 'feat_channels', out_channels: 'out_channels' },
  },
  inferred: maskQueryInferred,
  infer: (given, context) => inferMaskQuery('Mask2FormerHead', given, context),
  build: (given, context) => new Mask2FormerHead(given as Mask2FormerConfig, context),
});
