// DETR: a convolutional network, a transformer and one-to-one matching in place of anchors and suppression (Carion et
// al., ECCV 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { Embedding } from '../../nn/embedding';
import { DETRHead } from '../dense-heads/detr-head';
import type { QueryHead, QueryPredictions } from '../dense-heads/query-head';
import { DetrTransformerDecoder, DetrTransformerEncoder, type Memory } from '../layers/transformer/detr-layers';
import { fillsBatch, paddingMask } from '../layers/transformer/padding-masks';
import { decoderOptions, encoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import { asSequence, DetectionTransformer, detectionTransformerOptions } from './detection-transformer';

const options = z.strictObject({
  ...detectionTransformerOptions,
  encoder: encoderOptions.describe('Self-attention among the pixels of the feature level'),
  decoder: decoderOptions.describe('Self-attention among the queries, cross-attention to the encoded pixels'),
});

interface Encoder {
  forward(query: tf.Tensor3D, queryPos: tf.Tensor3D, keyPaddingMask?: tf.Tensor2D): tf.Tensor3D;
}

/** DETR and its relatives that attend to one feature level. */
export abstract class SingleLevelTransformer<Head extends QueryHead> extends DetectionTransformer<Head> {
  /** What the decoder attends to: the encoded pixels of the last level, and their positions. */
  protected encode(encoder: Encoder, features: tf.Tensor4D[], batch: DetBatch): Memory {
    const last = features[features.length - 1];
    const [count, height, width] = last.shape;
    const mask = fillsBatch(batch) ? undefined : paddingMask(batch, [height, width]);
    const keyPos = asSequence(this.positionalEncoding.forward(mask ?? [count, height, width]));
    const keyPaddingMask = mask?.reshape<tf.Tensor2D>([count, height * width]);
    return { key: encoder.forward(asSequence(last), keyPos, keyPaddingMask), keyPos, keyPaddingMask };
  }

  /** A table of queries for every image, [B, Q, C]. */
  protected repeat(table: tf.Tensor2D, batch: DetBatch): tf.Tensor3D {
    return tf.tile(table.expandDims<tf.Tensor3D>(0), [batch.samples.length, 1, 1]);
  }
}

export class DETR extends SingleLevelTransformer<DETRHead> {
  private readonly encoder: DetrTransformerEncoder;
  private readonly decoder: DetrTransformerDecoder;
  private readonly queryEmbedding: Embedding;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const channels = config.encoder.layer_cfg.self_attn_cfg.embed_dims;
    const { embed_dims: decoderDims } = config.decoder.layer_cfg.self_attn_cfg;
    super(config, context, { type: 'DETR', head: DETRHead, embedDims: channels, decoderDims });
    this.encoder = this.addChild('encoder', new DetrTransformerEncoder(config.encoder));
    this.decoder = this.addChild('decoder', new DetrTransformerDecoder(config.decoder));
    this.queryEmbedding = this.addChild('query_embedding', new Embedding({ count: config.num_queries, channels }));
    this.startXavier(this.encoder, this.decoder);
  }

  /** The queries after every decoder layer, [B, Q, C]. */
  states(features: tf.Tensor4D[], batch: DetBatch): tf.Tensor3D[] {
    const memory = this.encode(this.encoder, features, batch);
    const queryPos = this.repeat(this.queryEmbedding.table, batch);
    return this.decoder.forward(tf.zerosLike(queryPos), queryPos, memory);
  }

  /** Predictions of the last decoder layer. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    return this.bboxHead.forward(this.states(features, batch).slice(-1))[0];
  }

  /** loss_cls, loss_bbox and loss_iou of the last decoder layer, and d0.loss_cls, ... of those before it. */
  loss(batch: DetBatch, context: LossContext): Losses {
    return this.bboxHead.loss(this.states(this.extractFeatures(batch.inputs), batch), batch, context);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.bboxHead.predict(this.states(this.extractFeatures(batch.inputs), batch), batch, { rescale });
  }
}

export const detrDefinition = defineModule({
  kind: 'detector',
  type: 'DETR',
  summary: 'DETR: a transformer decodes queries into a set of objects, matched one to one with the ground truth',
  paper: 'Carion et al., End-to-End Object Detection with Transformers, ECCV 2020',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'DETR',
  backbone: { type: 'ResNet', depth: 50, out_indices: [3] },
  neck: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, num_outs: 1 },
  encoder: { num_layers: 6, layer_cfg: {} },
  decoder: { num_layers: 6, layer_cfg: {} },
  positional_encoding: { num_feats: 128, normalize: true },
  bbox_head: { type: 'DETRHead', num_classes: 80 },
  test_cfg: { max_per_img: 100 },
}`,
  options,
  build: (given, context) => new DETR(given, context),
});
