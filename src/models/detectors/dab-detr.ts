// DABDETR: DETR whose queries are boxes ("dynamic anchor boxes"), refined layer by layer (Liu et al., ICLR 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { type Initializer, normal } from '../../nn';
import { Embedding } from '../../nn/embedding';
import { DABDETRHead } from '../dense-heads/dab-detr-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import { DABDetrTransformerDecoder, DABDetrTransformerEncoder } from '../layers/transformer/dab-detr-layers';
import { dabDecoderOptions, encoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import { detectionTransformerOptions } from './detection-transformer';
import { SingleLevelTransformer } from './detr';

const options = z.strictObject({
  ...detectionTransformerOptions,
  encoder: encoderOptions.describe('Self-attention among the pixels of the feature level'),
  decoder: dabDecoderOptions.describe('Self-attention among the queries, cross-attention to the encoded pixels'),
  with_random_refpoints: z.boolean().default(false).describe('Initialise the box centers uniformly over the image'),
  num_patterns: z.int().min(0).default(0).describe('Learned content queries per box; 0: one of zeros'),
});

/** Centers uniform over the image, sizes uniform before the sigmoid. */
const uniformCenters: Initializer = ([count, width], random) =>
  Float32Array.from({ length: count * width }, (_, i) => {
    const u = random.uniform();
    return i % width < 2 ? Math.log(Math.max(u, 1e-5) / Math.max(1 - u, 1e-5)) : u;
  });

export class DABDETR extends SingleLevelTransformer<DABDETRHead> {
  private readonly encoder: DABDetrTransformerEncoder;
  private readonly decoder: DABDetrTransformerDecoder;
  private readonly queryEmbedding: Embedding;
  private readonly patterns?: Embedding;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const channels = config.encoder.layer_cfg.self_attn_cfg.embed_dims;
    if (config.decoder.with_modulated_hw_attn && config.decoder.query_dim !== 4)
      throw new DetLabError(
        `Cannot build DABDETR at ${context.path}: decoder.with_modulated_hw_attn needs queries that are boxes, but ` +
          'decoder.query_dim is 2. Set query_dim 4, or with_modulated_hw_attn false',
      );
    const { embed_dims: decoderDims } = config.decoder.layer_cfg.self_attn_cfg;
    super(config, context, { type: 'DABDETR', head: DABDETRHead, embedDims: channels, decoderDims });
    this.encoder = this.addChild('encoder', new DABDetrTransformerEncoder(config.encoder));
    this.decoder = this.addChild('decoder', new DABDetrTransformerDecoder(config.decoder));
    const queries = { count: config.num_queries, channels: this.decoder.queryDim };
    const init = config.with_random_refpoints ? uniformCenters : normal(1);
    this.queryEmbedding = this.addChild('query_embedding', new Embedding({ ...queries, init }));
    const { num_patterns: count } = config;
    if (count > 0) this.patterns = this.addChild('patterns', new Embedding({ count, channels }));
    this.startXavier(this.encoder, this.decoder);
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch) {
    const memory = this.encode(this.encoder, features, batch);
    const { table } = this.queryEmbedding;
    const count = table.shape[0];
    const boxes = this.repeat(table, batch);
    const channels = this.decoder.embedDims;
    if (!this.patterns) return this.regressed(tf.zeros([batch.samples.length, count, channels]), boxes, memory);
    const contents = this.patterns.table.shape[0];
    // every pattern with every box: [patterns * boxes, C]
    const rows: tf.Tensor2D = tf
      .tile(this.patterns.table.expandDims(1), [1, count, 1])
      .reshape([contents * count, channels]);
    return this.regressed(this.repeat(rows, batch), tf.tile(boxes, [1, contents, 1]), memory);
  }

  private regressed(query: tf.Tensor3D, boxes: tf.Tensor3D, memory: ReturnType<DABDETR['encode']>) {
    return this.decoder.forward(query, boxes, memory, (state) => this.bboxHead.fcReg.forward(state));
  }

  /** Predictions of the last decoder layer. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    const { states, references } = this.decode(features, batch);
    return this.bboxHead.forward(states.slice(-1), references.slice(-1))[0];
  }

  /** loss_cls, loss_bbox and loss_iou of the last decoder layer, and d0.loss_cls, ... of those before it. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const { states, references } = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.loss(states, references, batch, context);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const { states, references } = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.predict(states, references, batch, { rescale });
  }
}

export const dabDETRDefinition = defineModule({
  kind: 'detector',
  type: 'DABDETR',
  summary: 'DETR whose queries are boxes, refined from layer to layer',
  paper: 'Liu et al., DAB-DETR: Dynamic Anchor Boxes are Better Queries for DETR, ICLR 2022',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'DABDETR',
  backbone: { type: 'ResNet', depth: 50, out_indices: [3] },
  neck: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, num_outs: 1 },
  encoder: { num_layers: 6, layer_cfg: {} },
  decoder: { num_layers: 6, layer_cfg: { cross_attn_cfg: { embed_dims: 256, num_heads: 8, cross_attn: true } } },
  positional_encoding: { num_feats: 128, temperature: 20, normalize: true },
  num_queries: 300,
  bbox_head: { type: 'DABDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 1 } },
  test_cfg: { max_per_img: 300 },
}`,
  options,
  build: (given, context) => new DABDETR(given, context),
});
