// ConditionalDETR: DETR whose queries attend around a reference point each, which speeds up convergence (Meng et al.,
// ICCV 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { Embedding } from '../../nn/embedding';
import { ConditionalDETRHead } from '../dense-heads/conditional-detr-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import { ConditionalDetrTransformerDecoder } from '../layers/transformer/conditional-detr-decoder';
import { DetrTransformerEncoder } from '../layers/transformer/detr-layers';
import { conditionalDecoderOptions, encoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import { detectionTransformerOptions } from './detection-transformer';
import { SingleLevelTransformer } from './detr';

const options = z.strictObject({
  ...detectionTransformerOptions,
  encoder: encoderOptions.describe('Self-attention among the pixels of the feature level'),
  decoder: conditionalDecoderOptions.describe(
    'Self-attention among the queries, cross-attention to the encoded pixels',
  ),
});

export class ConditionalDETR extends SingleLevelTransformer<ConditionalDETRHead> {
  private readonly encoder: DetrTransformerEncoder;
  private readonly decoder: ConditionalDetrTransformerDecoder;
  private readonly queryEmbedding: Embedding;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const channels = config.encoder.layer_cfg.self_attn_cfg.embed_dims;
    const { embed_dims: decoderDims } = config.decoder.layer_cfg.self_attn_cfg;
    super(config, context, { type: 'ConditionalDETR', head: ConditionalDETRHead, embedDims: channels, decoderDims });
    this.encoder = this.addChild('encoder', new DetrTransformerEncoder(config.encoder));
    this.decoder = this.addChild('decoder', new ConditionalDetrTransformerDecoder(config.decoder));
    this.queryEmbedding = this.addChild('query_embedding', new Embedding({ count: config.num_queries, channels }));
    this.startXavier(this.encoder, this.decoder);
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch) {
    const memory = this.encode(this.encoder, features, batch);
    const queryPos = this.repeat(this.queryEmbedding.table, batch);
    return this.decoder.forward(tf.zerosLike(queryPos), queryPos, memory);
  }

  /** Predictions of the last decoder layer. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    const { states, references } = this.decode(features, batch);
    return this.bboxHead.forward(states.slice(-1), references)[0];
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

export const conditionalDETRDefinition = defineModule({
  kind: 'detector',
  type: 'ConditionalDETR',
  summary: 'DETR whose queries attend around a reference point each, which speeds up convergence',
  paper: 'Meng et al., Conditional DETR for Fast Training Convergence, ICCV 2021',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'ConditionalDETR',
  backbone: { type: 'ResNet', depth: 50, out_indices: [3] },
  neck: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, num_outs: 1 },
  encoder: { num_layers: 6, layer_cfg: {} },
  decoder: { num_layers: 6, layer_cfg: { cross_attn_cfg: { embed_dims: 256, num_heads: 8, cross_attn: true } } },
  positional_encoding: { num_feats: 128, normalize: true },
  num_queries: 300,
  bbox_head: { type: 'ConditionalDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 2 } },
  test_cfg: { max_per_img: 100 },
}`,
  options,
  build: (given, context) => new ConditionalDETR(given, context),
});
