// RTDETR (Zhao et al., CVPR 2024): DINO without an encoder of its own, which the neck HybridEncoder has. Queries are the encoded pixels
// with the best scores, which learn the IoU of their boxes. Options are those of its ports to MMDetection. Where images of a batch are
// padded, positions are shares of the image, as in DINO; the published code knows squares alone.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { LayerNorm, Linear, xavier } from '../../nn';
import { MultiScaleDeformableAttention } from '../../nn/multi-scale-deformable-attention';
import { stopGradient } from '../../ops';
import type { QueryPredictions } from '../dense-heads/query-head';
import { RTDETRHead } from '../dense-heads/rtdetr-head';
import { sineOptions } from '../layers/positional-encodings/sine-positional-encoding';
import {
  CdnQueryGenerator,
  type DenoisingQueries,
  denoisingOptions,
  normalizedTruths,
} from '../layers/transformer/cdn-query-generator';
import { DinoTransformerDecoder } from '../layers/transformer/dino-decoder';
import { deformableDecoderOptions } from '../layers/transformer/transformer-options';
import type { DetBatch, LossContext, Losses } from '../types';
import { chooseProposals, type DecodedQueries, decodeChosen } from './chosen-queries';
import { flatPyramid, proposedBoxes, takeRows } from './deformable-detr';
import { DetectionTransformer, detectionTransformerOptions } from './detection-transformer';

const always = (what: string) => z.literal(true, { error: `RTDETR always ${what}: must be true` }).default(true);
const precomputed = ignoredOption('what depends on the size of images is computed for every size', {
  schema: z.unknown().optional(),
});
const options = z.strictObject({
  ...detectionTransformerOptions,
  encoder: z
    .null({ error: 'must be null: the encoder of RT-DETR is its neck, { type: "HybridEncoder" }' })
    .optional()
    .describe('Null: the encoder is the neck'),
  decoder: deformableDecoderOptions
    .extend({
      eval_idx: z
        .literal(-1, { error: 'expected -1: predictions are those of the last layer' })
        .default(-1)
        .describe('Layer whose predictions are used: the last'),
    })
    .describe('Self-attention among the queries, deformable cross-attention to the pixels'),
  positional_encoding: ignoredOption('the neck encodes positions', { schema: z.unknown().optional() }),
  num_queries: z.int().positive().default(300).describe('Number of queries: the most objects an image can have'),
  with_box_refine: always('refines boxes').describe('Must be true'),
  as_two_stage: always('has two stages').describe('Must be true'),
  dn_cfg: denoisingOptions
    .default(denoisingOptions.parse({}))
    .describe('Denoising queries: noised ground truth that the decoder learns to reconstruct'),
  eval_size: precomputed,
  feat_strides: precomputed,
});
type Options = z.output<typeof options>;

export class RTDETR extends DetectionTransformer<RTDETRHead> {
  readonly denoising: CdnQueryGenerator;
  readonly decoder: DinoTransformerDecoder;
  private readonly memoryFc: Linear;
  private readonly memoryNorm: LayerNorm;
  private readonly queries: number;

  constructor(config: Options, context: BuildContext) {
    const { num_layers, layer_cfg } = config.decoder;
    const { embed_dims: channels } = layer_cfg.self_attn_cfg;
    const positional_encoding = sineOptions.parse({ num_feats: channels / 2 });
    super({ ...config, positional_encoding }, context, {
      type: 'RTDETR',
      head: RTDETRHead,
      embedDims: channels,
      decoderDims: channels,
      levels: layer_cfg.cross_attn_cfg.num_levels,
      headOptions: { share_pred_layer: false, num_pred_layer: num_layers + 1, as_two_stage: true },
    });
    this.queries = config.num_queries;
    this.decoder = this.addChild('decoder', new DinoTransformerDecoder(config.decoder, undefined, { plain: true }));
    this.startXavier(this.decoder);
    for (const [, m] of this.decoder.modules()) if (m instanceof MultiScaleDeformableAttention) m.resetInit();
    const square = new Linear({ inFeatures: channels, outFeatures: channels, init: xavier() });
    this.memoryFc = this.addChild('memory_trans_fc', square);
    this.memoryNorm = this.addChild('memory_trans_norm', new LayerNorm({ channels }));
    const shape = { classes: this.numClasses, embedDims: channels, matchingQueries: this.queries };
    this.denoising = this.addChild('dn_query_generator', new CdnQueryGenerator(config.dn_cfg, shape));
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch, denoising?: DenoisingQueries): DecodedQueries {
    const flat = flatPyramid(features, batch);
    const pyramid = { ...flat, memory: flat.features };
    let pixels: tf.Tensor3D | undefined;
    const [proposed] = proposedBoxes(this.bboxHead, pyramid, [this.decoder.numLayers], (x) => {
      pixels = this.memoryNorm.forward(this.memoryFc.forward(x));
      return pixels;
    });
    const chosen = chooseProposals(proposed, tf.max(proposed.scores, 2), this.queries);
    const contents = stopGradient(takeRows(pixels!, chosen.indices));
    return decodeChosen(this, { ...chosen, contents }, { value: pyramid.memory, pyramid }, denoising);
  }

  /** Predictions of the last decoder layer. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    const { states, references } = this.decode(features, batch);
    return this.bboxHead.forwardLast(states, references);
  }

  /** Losses by layer as DETR's, enc_loss_... of the encoder and dn_loss_... of the denoising queries. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const denoising = this.denoising.forward(normalizedTruths(batch), context.random);
    const { states, references, encoder } = this.decode(this.extractFeatures(batch.inputs), batch, denoising);
    return this.bboxHead.denoisingLoss(states, references, batch, context, encoder, denoising);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const { states, references } = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.predict(states, references, batch, { rescale });
  }
}

export const rtdetrDefinition = defineModule({
  kind: 'detector',
  type: 'RTDETR',
  summary: 'RT-DETR: DINO on levels of a hybrid encoder, with queries chosen by scores that know the IoU of boxes',
  paper: 'Zhao et al., DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: `{
  type: 'RTDETR',
  backbone: { type: 'ResNetV1d', depth: 50, out_indices: [1, 2, 3] },
  neck: {
    type: 'HybridEncoder',
    layer_cfg: {
      self_attn_cfg: { embed_dims: 256, num_heads: 8 },
      ffn_cfg: { embed_dims: 256, feedforward_channels: 1024, act_cfg: { type: 'GELU' } },
    },
    projector: { type: 'ChannelMapper', kernel_size: 1, out_channels: 256, act_cfg: null, norm_cfg: { type: 'BN' } },
  },
  decoder: { num_layers: 6, layer_cfg: { cross_attn_cfg: { embed_dims: 256, num_levels: 3 } }, post_norm_cfg: null },
  bbox_head: { type: 'RTDETRHead', num_classes: 80, loss_cls: { type: 'VarifocalLoss', use_rtdetr: true } },
  test_cfg: { max_per_img: 300 },
}`,
  options,
  build: (given, context) => new RTDETR(given, context),
});
