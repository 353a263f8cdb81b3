// DeformableDETR: attention to a few points of several feature levels; optionally with boxes refined layer by layer,
// and with queries proposed by the encoder (Zhu et al., ICLR 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { LayerNorm, Linear, normal, xavier, zeros } from '../../nn';
import { Embedding } from '../../nn/embedding';
import type { Module, Parameter } from '../../nn/module';
import { MultiScaleDeformableAttention } from '../../nn/multi-scale-deformable-attention';
import { differentiatesNatively, stopGradient } from '../../ops';
import { composite } from '../../ops/composite';
import { exactly } from '../../ops/exactly';
import { DeformableDETRHead, type EncoderOutputs } from '../dense-heads/deformable-detr-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import { sinePairs } from '../layers/positional-encodings/sine-positional-encoding';
import {
  DeformableDetrTransformerDecoder,
  DeformableDetrTransformerEncoder,
  type Pyramid,
} from '../layers/transformer/deformable-detr-layers';
import { encoderProposals } from '../layers/transformer/encoder-proposals';
import { fillsBatch, paddingMask, validRatios, validSizes } from '../layers/transformer/padding-masks';
import { deformableDecoderOptions, deformableEncoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import {
  asSequence,
  DetectionTransformer,
  detectionTransformerOptions,
  type TransformerParts,
} from './detection-transformer';

export const deformableOptions = {
  ...detectionTransformerOptions,
  encoder: deformableEncoderOptions.describe('Deformable self-attention among the pixels of all feature levels'),
  decoder: deformableDecoderOptions.describe(
    'Self-attention among the queries, deformable cross-attention to the encoded pixels',
  ),
  with_box_refine: z.boolean().default(false).describe('Each decoder layer refines the boxes of the one before'),
  as_two_stage: z
    .boolean()
    .default(false)
    .describe('Initialise the queries from the top-scoring proposals of the encoder'),
  num_feature_levels: z.int().positive().default(4).describe('Number of feature levels'),
};
const options = z.strictObject(deformableOptions);
export type DeformableDETRConfig = z.output<typeof options>;

/** A pyramid, and the positions of its pixels in it. */
export interface FlatPyramid extends Pyramid {
  /** [B, S, C]. */
  features: tf.Tensor3D;
  positions: tf.Tensor3D;
  /** Height and width of the image's part of each level, by image. */
  sizes: [number, number][][];
  batch: DetBatch;
}

export interface EncodedPyramid extends FlatPyramid {
  memory: tf.Tensor3D;
}

/** Deformable DETR and DINO: levels to a pyramid, and the encoder's proposals. */
export abstract class DeformableTransformer<
  Head extends DeformableDETRHead<Module>,
  Encoder extends Module = DeformableDetrTransformerEncoder,
> extends DetectionTransformer<Head> {
  protected readonly levelEmbed: Parameter;
  protected readonly encoder: Encoder;
  protected readonly channels: number;

  constructor(
    config: DeformableDETRConfig,
    context: BuildContext,
    parts: Pick<TransformerParts<Head>, 'type' | 'head'> & { encoder: Encoder },
  ) {
    const { with_box_refine, as_two_stage, num_feature_levels: levels, decoder } = config;
    const embedDims = config.encoder.layer_cfg.self_attn_cfg.embed_dims;
    super(config, context, {
      ...parts,
      embedDims,
      decoderDims: decoder.layer_cfg.self_attn_cfg.embed_dims,
      levels,
      headOptions: {
        share_pred_layer: !with_box_refine,
        num_pred_layer: decoder.num_layers + (as_two_stage ? 1 : 0),
        as_two_stage,
      },
    });
    this.channels = embedDims;
    this.encoder = this.addChild('encoder', parts.encoder);
    this.levelEmbed = this.addParameter('level_embed', [levels, embedDims], normal(1));
  }

  /** Matrices start Xavier-uniform, but deformable attention as it does by itself. */
  protected startTransformer(decoder: Module): void {
    this.startXavier(this.encoder, decoder);
    for (const part of [this.encoder, decoder])
      for (const [, m] of part.modules()) if (m instanceof MultiScaleDeformableAttention) m.resetInit();
  }

  /** The levels as one sequence of pixels, and where each of these is. */
  protected flatten(maps: tf.Tensor4D[], batch: DetBatch): FlatPyramid {
    const { masks, ...pyramid } = flatPyramid(maps, batch);
    const { shapes } = pyramid;
    const [count] = maps[0].shape;
    const positions = shapes.map(([h, w], level) => {
      const position = asSequence(this.positionalEncoding.forward(masks?.[level] ?? [count, h, w]));
      return tf.add<tf.Tensor3D>(position, tf.slice(this.levelEmbed.variable, [level, 0], [1, this.channels]));
    });
    return { ...pyramid, positions: tf.concat(positions, 1) };
  }

  /** Class scores of the encoded pixels, and boxes before the sigmoid, by each of some branches after those of the decoder. */
  protected propose(
    pyramid: EncodedPyramid,
    layers: readonly number[],
    project: (x: tf.Tensor3D) => tf.Tensor3D,
  ): { scores: tf.Tensor3D; boxes: tf.Tensor3D }[] {
    return proposedBoxes(this.bboxHead, pyramid, layers, project);
  }
}

/** Levels as one sequence, and what of them is image; the masks [B, H, W] of each level where images are padded. */
export function flatPyramid(
  maps: tf.Tensor4D[],
  batch: DetBatch,
): Omit<FlatPyramid, 'positions'> & { masks?: tf.Tensor3D[] } {
  const shapes = maps.map(({ shape: [, h, w] }): [number, number] => [h, w]);
  const padded = !fillsBatch(batch);
  const masks = padded ? shapes.map((shape) => paddingMask(batch, shape)) : undefined;
  const [count] = maps[0].shape;
  const keyPaddingMask =
    masks &&
    (tf.concat(
      masks.map((m) => m.reshape([count, -1])),
      1,
    ) as tf.Tensor2D);
  const whole = batch.samples.map(() => shapes);
  const byLevel = shapes.map((shape) => validSizes(batch, shape));
  const sizes = padded ? batch.samples.map((_, n) => byLevel.map((images) => images[n])) : whole;
  return {
    ...{ shapes, keyPaddingMask, validRatios: validRatios(batch, shapes, sizes), sizes, batch, masks },
    features: tf.concat(maps.map(asSequence), 1),
  };
}

/** Class scores of the encoded pixels, and boxes before the sigmoid, by each of some branches of a head. */
export function proposedBoxes(
  head: DeformableDETRHead<Module>,
  { memory, shapes, sizes, keyPaddingMask, batch }: Omit<EncodedPyramid, 'positions'>,
  layers: readonly number[],
  project: (x: tf.Tensor3D) => tf.Tensor3D,
): { scores: tf.Tensor3D; boxes: tf.Tensor3D }[] {
  const { proposals, valid } = encoderProposals(batch, shapes, keyPaddingMask ? sizes : sizes.map(() => shapes));
  return exactly(() => {
    const output = project(tf.mul(memory, valid));
    return layers.map((layer) => ({
      scores: head.scores(layer, output),
      boxes: tf.add<tf.Tensor3D>(head.regBranches.at(layer).forward(output), proposals),
    }));
  });
}

/** With what an encoder without text makes of the pixels. */
export const encoded = (pyramid: FlatPyramid, encoder: DeformableDetrTransformerEncoder): EncodedPyramid => ({
  ...pyramid,
  memory: encoder.forward(pyramid.features, pyramid.positions, pyramid),
});

/**
 * Indices [B, k] of the largest scores [B, S] of each image; a constant also for TensorFlow.js's tape.
 * @throws DetLabError for an image with fewer positions than there are queries
 */
export function bestIndices(scores: tf.Tensor, k: number): tf.Tensor2D {
  const count = scores.shape[scores.rank - 1];
  if (count < k)
    throw new DetLabError(
      `Cannot choose ${k} queries (num_queries): the images have ${count} positions on all feature levels. Use larger ` +
        'images, or set model.num_queries lower',
    );
  return composite({ name: 'BestIndices', inputs: { scores }, attrs: { k } }, () => {
    const { indices } = tf.topk(stopGradient(scores), k);
    if (differentiatesNatively()) return indices as tf.Tensor2D;
    return tf.tensor2d(indices.dataSync<'int32'>(), [indices.shape[0], k], 'int32');
  });
}

/** Rows [B, S, n] of each image at indices [B, k]. */
export function takeRows(x: tf.Tensor3D, indices: tf.Tensor2D): tf.Tensor3D {
  const [batch, count, width] = x.shape;
  return composite({ name: 'TakeRows', inputs: { x, indices }, attrs: {} }, () => {
    const first = tf.range(0, batch, 1, 'int32').mul(tf.scalar(count, 'int32')).expandDims(1);
    const flat: tf.Tensor1D = tf.add(indices, first).reshape([-1]);
    return tf.gather(x.reshape([batch * count, width]), flat).reshape([batch, indices.shape[1], width]);
  });
}

interface Decoded {
  states: tf.Tensor3D[];
  references: tf.Tensor3D[];
  encoder?: EncoderOutputs;
}

/** Where the queries come from: a table, with layers for their reference points, or the encoder's best proposals. */
type QuerySource =
  | { kind: 'table'; queries: Embedding; points: Linear }
  | { kind: 'encoder'; memory: Linear; memoryNorm: LayerNorm; position: Linear; positionNorm: LayerNorm };

export class DeformableDETR extends DeformableTransformer<DeformableDETRHead> {
  private readonly decoder: DeformableDetrTransformerDecoder;
  private readonly source: QuerySource;
  private readonly refine: boolean;
  private readonly queries: number;

  constructor(config: DeformableDETRConfig, context: BuildContext) {
    const encoder = new DeformableDetrTransformerEncoder(config.encoder);
    super(config, context, { type: 'DeformableDETR', head: DeformableDETRHead, encoder });
    const c = this.channels;
    this.refine = config.with_box_refine;
    this.queries = config.num_queries;
    this.decoder = this.addChild('decoder', new DeformableDetrTransformerDecoder(config.decoder));
    this.startTransformer(this.decoder);
    if (!config.as_two_stage) {
      const queries = this.addChild('query_embedding', new Embedding({ count: this.queries, channels: 2 * c }));
      const points = new Linear({ inFeatures: c, outFeatures: 2, init: xavier(), biasInit: zeros });
      this.source = { kind: 'table', queries, points: this.addChild('reference_points_fc', points) };
      return;
    }
    const square = (n: number) => new Linear({ inFeatures: n, outFeatures: n, init: xavier() });
    this.source = {
      kind: 'encoder',
      memory: this.addChild('memory_trans_fc', square(c)),
      memoryNorm: this.addChild('memory_trans_norm', new LayerNorm({ channels: c })),
      position: this.addChild('pos_trans_fc', square(2 * c)),
      positionNorm: this.addChild('pos_trans_norm', new LayerNorm({ channels: 2 * c })),
    };
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch): Decoded {
    const pyramid = encoded(this.flatten(features, batch), this.encoder);
    const { query, queryPos, references, encoder } = this.start(pyramid);
    const regress = this.refine
      ? (state: tf.Tensor3D, layer: number) => this.bboxHead.regBranches.at(layer).forward(state)
      : undefined;
    const decoded = this.decoder.forward(query, queryPos, references, { value: pyramid.memory, pyramid }, regress);
    return { ...decoded, encoder };
  }

  /** The queries before the first layer. */
  private start(pyramid: EncodedPyramid) {
    const { source, channels: c } = this;
    const [batch] = pyramid.memory.shape;
    const halves = (x: tf.Tensor3D) => tf.split<tf.Tensor3D>(x, 2, 2);
    if (source.kind === 'table') {
      const table = source.queries.table.expandDims<tf.Tensor3D>(0);
      const [queryPos, query] = halves(tf.tile(table, [batch, 1, 1]));
      const references: tf.Tensor3D = tf.sigmoid(source.points.forward(queryPos));
      return { query, queryPos, references, encoder: undefined };
    }
    const [proposed] = this.propose(pyramid, [this.decoder.numLayers], (x) =>
      source.memoryNorm.forward(source.memory.forward(x)),
    );
    const objectness = tf.slice(proposed.scores, [0, 0, 0], [-1, -1, 1]).reshape([batch, -1]);
    const indices = bestIndices(objectness, this.queries);
    const selected = stopGradient(takeRows(proposed.boxes, indices)); // [B, Q, 4], before the sigmoid
    const references: tf.Tensor3D = tf.sigmoid(selected);
    const embed = sinePairs(tf.mul(references, 2 * Math.PI).expandDims(3), c / 4).reshape([batch, this.queries, 2 * c]);
    const [queryPos, query] = halves(
      exactly(() => source.positionNorm.forward(source.position.forward(embed as tf.Tensor3D))),
    );
    return { query, queryPos, references, encoder: { scores: proposed.scores, boxes: tf.sigmoid(proposed.boxes) } };
  }

  /** Predictions of the last decoder layer. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    const { states, references } = this.decode(features, batch);
    return this.bboxHead.forwardLast(states, references);
  }

  /** Losses by layer as DETR's, and enc_loss_cls, enc_loss_bbox and enc_loss_iou in the two-stage form. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const { states, references, encoder } = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.loss(states, references, batch, context, encoder);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const { states, references } = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.predict(states, references, batch, { rescale });
  }
}

export const deformableExample = (type: string, head: string, rest: string) => `{
  type: '${type}',
  backbone: { type: 'ResNet', depth: 50, out_indices: [1, 2, 3] },
  neck: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, norm_cfg: { type: 'GN', num_groups: 32 }, num_outs: 4 },
  encoder: { num_layers: 6, layer_cfg: {} },
  decoder: { num_layers: 6, layer_cfg: {}, post_norm_cfg: null },
  positional_encoding: { num_feats: 128, normalize: true, offset: -0.5 },
  num_queries: 300,${rest}
  bbox_head: { type: '${head}', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 2 } },
  test_cfg: { max_per_img: 100 },
}`;

export const deformableDETRDefinition = defineModule({
  kind: 'detector',
  type: 'DeformableDETR',
  summary: 'DETR whose attention samples a few learned points of several feature levels',
  paper: 'Zhu et al., Deformable DETR: Deformable Transformers for End-to-End Object Detection, ICLR 2021',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: deformableExample('DeformableDETR', 'DeformableDETRHead', ''),
  options,
  build: (given, context) => new DeformableDETR(given, context),
});
