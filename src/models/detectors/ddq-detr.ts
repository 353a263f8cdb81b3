// DDQDETR: DINO whose queries are dense, proposals of the encoder with their contents, and made distinct by NMS before and between
// the layers of the decoder (Zhang et al., Dense Distinct Query for End-to-End Object Detection, CVPR 2023).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { LayerNorm, Linear, xavier } from '../../nn';
import { type NmsConfig, stopGradient } from '../../ops';
import { DDQDETRHead } from '../dense-heads/ddq-detr-head';
import type { EncoderOutputs } from '../dense-heads/deformable-detr-head';
import type { QueryPredictions } from '../dense-heads/query-head';
import {
  CdnQueryGenerator,
  type DenoisingQueries,
  denoisingOptions,
  normalizedTruths,
} from '../layers/transformer/cdn-query-generator';
import { DDQTransformerDecoder, type DistinctDecoding } from '../layers/transformer/ddq-decoder';
import { DeformableDetrTransformerEncoder } from '../layers/transformer/deformable-detr-layers';
import { distinctIndices } from '../layers/transformer/distinct-queries';
import { nmsOption } from '../shared-options/nms-option';
import type { DetBatch, LossContext, Losses } from '../types';
import {
  bestIndices,
  DeformableTransformer,
  deformableExample,
  deformableOptions,
  type EncodedPyramid,
  encoded,
  takeRows,
} from './deformable-detr';

const options = z.strictObject({
  ...deformableOptions,
  with_box_refine: z.literal(true, { error: 'DDQ always refines boxes: must be true' }).describe('Must be true'),
  as_two_stage: z.literal(true, { error: 'DDQ always has two stages: must be true' }).describe('Must be true'),
  dn_cfg: denoisingOptions
    .default(denoisingOptions.parse({}))
    .describe('Denoising queries: noised ground truth that the decoder learns to reconstruct'),
  dense_topk_ratio: z
    .number()
    .positive()
    .default(1.5)
    .describe('Dense queries in training, as a multiple of num_queries'),
  dqs_cfg: nmsOption
    .default({ type: 'nms', iou_threshold: 0.8 })
    .describe('Non-maximum suppression by which distinct queries are selected'),
});

/** What the decoder starts from. */
interface Start {
  query: tf.Tensor3D;
  /** Before the sigmoid, a constant. */
  boxes: tf.Tensor3D;
  encoder: EncoderOutputs;
  dense?: EncoderOutputs;
}

interface Decoded extends DistinctDecoding {
  encoder: EncoderOutputs;
  dense?: EncoderOutputs;
}

export class DDQDETR extends DeformableTransformer<DDQDETRHead> {
  readonly denoising: CdnQueryGenerator;
  private readonly decoder: DDQTransformerDecoder;
  private readonly memoryFc: Linear;
  private readonly memoryNorm: LayerNorm;
  private readonly queryMap: Linear;
  private readonly queries: number;
  private readonly denseQueries: number;
  private readonly nms: NmsConfig;

  constructor(config: z.output<typeof options>, context: BuildContext) {
    const encoder = new DeformableDetrTransformerEncoder(config.encoder);
    super(config, context, { type: 'DDQDETR', head: DDQDETRHead, encoder });
    if (config.decoder.num_layers < 2)
      throw new DetLabError(
        `Cannot build DDQDETR${context.path ? ` at ${context.path}` : ''}: queries are selected between the layers of the ` +
          'decoder, so decoder.num_layers must be at least 2, received 1',
      );
    const { channels } = this;
    this.queries = config.num_queries;
    this.denseQueries = Math.floor(config.num_queries * config.dense_topk_ratio);
    this.nms = config.dqs_cfg;
    this.decoder = this.addChild('decoder', new DDQTransformerDecoder(config.decoder));
    this.startTransformer(this.decoder);
    const square = (init?: ReturnType<typeof xavier>) =>
      new Linear({ inFeatures: channels, outFeatures: channels, ...(init && { init }) });
    this.memoryFc = this.addChild('memory_trans_fc', square(xavier()));
    this.memoryNorm = this.addChild('memory_trans_norm', new LayerNorm({ channels }));
    this.queryMap = this.addChild('query_map', square());
    const shape = { classes: this.numClasses, embedDims: channels, matchingQueries: config.num_queries };
    this.denoising = this.addChild('dn_query_generator', new CdnQueryGenerator(config.dn_cfg, shape));
  }

  /** Proposals of the encoder become queries; those of `dense` come after the others. */
  private start(pyramid: EncodedPyramid, withDense: boolean): Start {
    const last = this.decoder.numLayers;
    const project = (x: tf.Tensor3D) => this.memoryNorm.forward(this.memoryFc.forward(x));
    const [proposed, proposedDense] = this.propose(pyramid, withDense ? [last, last + 1] : [last], project);
    const contents = this.queryMap.forward(stopGradient(pyramid.memory));
    const scores = tf.sigmoid(tf.max<tf.Tensor2D>(proposed.scores, 2));
    const indices = distinctIndices({ scores, boxes: tf.sigmoid(proposed.boxes) }, this.queries, this.nms);
    const none = tf.scalar(0, 'int32');
    const found = tf.greaterEqual(indices, none).expandDims(2);
    const places = tf.maximum<tf.Tensor2D>(indices, none);
    const rows = (x: tf.Tensor3D): tf.Tensor3D => {
      const taken = takeRows(x, places);
      return tf.where(found, taken, tf.zerosLike(taken)); // zeros where too few are distinct
    };
    const boxes = rows(proposed.boxes);
    const encoder = { scores: rows(proposed.scores), boxes: tf.sigmoid<tf.Tensor3D>(boxes) };
    const query = rows(contents);
    if (!proposedDense) return { query, boxes: stopGradient(boxes), encoder };
    const best = tf.max(proposedDense.scores, 2);
    const chosen = bestIndices(best, Math.min(this.denseQueries, best.shape[1] ?? 0));
    const denseBoxes = takeRows(proposedDense.boxes, chosen);
    return {
      query: tf.concat([query, takeRows(contents, chosen)], 1),
      boxes: stopGradient(tf.concat([boxes, denseBoxes], 1)),
      encoder,
      dense: { scores: takeRows(proposedDense.scores, chosen), boxes: tf.sigmoid(denseBoxes) },
    };
  }

  private decode(features: tf.Tensor4D[], batch: DetBatch, denoising?: DenoisingQueries): Decoded {
    const pyramid = encoded(this.flatten(features, batch), this.encoder);
    const { encoder, dense, ...start } = this.start(pyramid, denoising !== undefined);
    const { clsBranches, regBranches, auxRegBranches } = this.bboxHead;
    const first = denoising?.count ?? 0;
    const query = denoising ? tf.concat([denoising.labels, start.query], 1) : start.query;
    const boxes = denoising ? tf.concat([denoising.boxes, start.boxes], 1) : start.boxes;
    const count = dense?.scores.shape[1] ?? 0;
    const others = first + this.queries;
    const regress = (state: tf.Tensor3D, layer: number): tf.Tensor3D => {
      if (!dense) return regBranches.at(layer).forward(state);
      const [main, rest] = tf.split<tf.Tensor3D>(state, [others, count], 1);
      return tf.concat([regBranches.at(layer).forward(main), auxRegBranches.at(layer).forward(rest)], 1);
    };
    const selfAttnMask = denoising && separated(denoising.mask, count);
    const classify = (state: tf.Tensor3D, layer: number) => clsBranches.at(layer).forward(state);
    const selection = { nms: this.nms, start: first, count: this.queries, classify };
    const inputs = { value: pyramid.memory, pyramid, selfAttnMask };
    const decoded = this.decoder.decodeDistinct(query, tf.sigmoid(boxes), inputs, regress, selection);
    return { ...decoded, encoder, dense };
  }

  /** Predictions of the last decoder layer; queries that are not distinct have no class. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): QueryPredictions {
    return this.bboxHead.forwardDistinct(this.decode(features, batch), Number.NEGATIVE_INFINITY);
  }

  /** Losses by layer as DINO's, `0_aux_aux_loss_cls`, ... of the dense queries and `aux_enc_aux_loss_cls`, ... of their proposals. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const denoising = this.denoising.forward(normalizedTruths(batch), context.random);
    const decoded = this.decode(this.extractFeatures(batch.inputs), batch, denoising);
    return this.bboxHead.distinctLoss(decoded, batch, context, decoded.encoder, decoded.dense!, denoising);
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const decoded = this.decode(this.extractFeatures(batch.inputs), batch);
    return this.bboxHead.predictDistinct(decoded, batch, { rescale });
  }
}

/** The mask with `count` more queries that neither see the others nor are seen by them. */
function separated(mask: tf.Tensor2D, count: number): tf.Tensor2D {
  const [others] = mask.shape;
  const wider = tf.pad(
    mask.cast<tf.Tensor2D>('float32'),
    [
      [0, count],
      [0, count],
    ],
    1,
  );
  const own = tf.pad(tf.ones<tf.Rank.R2>([count, count]), [
    [others, 0],
    [others, 0],
  ]);
  return tf.sub(wider, own).cast('bool');
}

export const ddqDETRDefinition = defineModule({
  kind: 'detector',
  type: 'DDQDETR',
  summary: 'DINO with dense queries that are made distinct by NMS, layer by layer',
  paper: 'Zhang et al., Dense Distinct Query for End-to-End Object Detection, CVPR 2023',
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  example: deformableExample('DDQDETR', 'DDQDETRHead', '\n  with_box_refine: true,\n  as_two_stage: true,'),
  options,
  build: (given, context) => new DDQDETR(given, context),
});
