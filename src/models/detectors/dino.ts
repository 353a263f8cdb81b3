// DINO: Deformable DETR in two stages with mixed query selection (positions from the encoder, contents learned),
// denoising queries and refinement that looks forward twice (Zhang et al., ICLR 2023).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { LayerNorm, Linear, xavier } from '../../nn';
import { Embedding } from '../../nn/embedding';
import { DINOHead } from '../dense-heads/dino-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import {
  CdnQueryGenerator,
  type DenoisingQueries,
  denoisingOptions,
  normalizedTruths,
} from '../layers/transformer/cdn-query-generator';
import { DeformableDetrTransformerEncoder } from '../layers/transformer/deformable-detr-layers';
import { DinoTransformerDecoder } from '../layers/transformer/dino-decoder';
import type { DetBatch, LossContext, Losses } from '../types';
import { chooseProposals, type DecodedQueries, decodeChosen } from './chosen-queries';
import { DeformableTransformer, deformableExample, deformableOptions, encoded } from './deformable-detr';

const options = z.strictObject({
  ...deformableOptions,
  with_box_refine: z.literal(true, { error: 'DINO always refines boxes: must be true' }).describe('Must be true'),
  as_two_stage: z.literal(true, { error: 'DINO always has two stages: must be true' }).describe('Must be true'),
  dn_cfg: denoisingOptions
    .default(denoisingOptions.parse({}))
    .describe('Denoising queries: noised ground truth that the decoder learns to reconstruct'),
});

export class DINO extends DeformableTransformer<DINOHead> {
  readonly denoising: CdnQueryGenerator;
  readonly decoder: DinoTransformerDecoder;
  private readonly queryEmbedding: Embedding;
  private readonly memoryFc: Linear;
  private readonly memoryNorm: LayerNorm;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const encoder = new DeformableDetrTransformerEncoder(config.encoder);
    super(config, context, { type: 'DINO', head: DINOHead, encoder });
    const { channels } = this;
    const { num_queries: count } = config;
    this.decoder = this.addChild('decoder', new DinoTransformerDecoder(config.decoder));
    this.startTransformer(this.decoder);
    this.queryEmbedding = this.addChild('query_embedding', new Embedding({ count, channels, init: xavier() }));
    const square = new Linear({ inFeatures: channels, outFeatures: channels, init: xavier() });
    this.memoryFc = this.addChild('memory_trans_fc', square);
    this.memoryNorm = this.addChild('memory_trans_norm', new LayerNorm({ channels }));
    const shape = { classes: this.numClasses, embedDims: channels, matchingQueries: count };
    this.denoising = this.addChild('dn_query_generator', new CdnQueryGenerator(config.dn_cfg, shape));
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch, denoising?: DenoisingQueries): DecodedQueries {
    const pyramid = encoded(this.flatten(features, batch), this.encoder);
    const count = this.queryEmbedding.table.shape[0];
    const [images] = pyramid.memory.shape;
    const [proposed] = this.propose(pyramid, [this.decoder.numLayers], (x) =>
      this.memoryNorm.forward(this.memoryFc.forward(x)),
    );
    const chosen = chooseProposals(proposed, tf.max(proposed.scores, 2), count);
    const contents: tf.Tensor3D = tf.tile(this.queryEmbedding.table.expandDims<tf.Tensor3D>(0), [images, 1, 1]);
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

export const dinoDefinition = defineModule({
  kind: 'detector',
  type: 'DINO',
  summary: 'Deformable DETR with contrastive denoising, mixed query selection and look-forward-twice box refinement',
  paper: 'Zhang et al., DINO: DETR with Improved DeNoising Anchor Boxes, ICLR 2023',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: deformableExample('DINO', 'DINOHead', '\n  with_box_refine: true,\n  as_two_stage: true,'),
  options,
  build: (given, context) => new DINO(given, context),
});
