// DDQDETRHead: DINO's head for distinct queries, and branches for dense ones that share the decoder and learn several positives of
// each object, in training alone (Zhang et al., Dense Distinct Query, CVPR 2023).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { applyInitCfg, Linear } from '../../nn';
import { ModuleList } from '../../nn/module-list';
import { addToFirst, inverseSigmoid } from '../layers/transformer/coordinates';
import type { DistinctDecoding } from '../layers/transformer/ddq-decoder';
import type { DetBatch, LossContext, Losses } from '../types';
import {
  BoxBranch,
  type DeformableDETRHeadConfig,
  deformableDETRHeadOptions,
  type EncoderOutputs,
} from './deformable-detr-head';
import { DenseQueryLoss } from './dense-query-loss';
import { detrHeadInferred, inferDETRHead } from './detr-head-options';
import { type DenoisingMeta, DINOHead } from './dino-head';
import { imageRows } from './image-rows';
import { corners, type QueryPredictions } from './query-head';
import { rareClassBias } from './rare-class-bias';

const options = deformableDETRHeadOptions.extend({
  aux_num_pos: z.int().positive().default(4).describe('Dense queries that learn each object'),
});
export type DDQDETRHeadConfig = DeformableDETRHeadConfig & Pick<z.output<typeof options>, 'aux_num_pos'>;

export class DDQDETRHead extends DINOHead {
  readonly auxClsBranches: ModuleList<Linear>;
  readonly auxRegBranches: ModuleList<BoxBranch>;
  private readonly denseLoss: DenseQueryLoss;

  constructor(config: DDQDETRHeadConfig, context: BuildContext) {
    super(config, context);
    const { embed_dims: channels, num_reg_fcs, num_pred_layer: layers } = config;
    const classifier = () => new Linear({ inFeatures: channels, outFeatures: this.scoreChannels });
    const regressor = () => new BoxBranch(channels, num_reg_fcs, 0);
    // the last are those of the encoder's proposals: for distinct queries, then for dense ones
    this.clsBranches.push(classifier());
    this.regBranches.push(regressor());
    const perLayer = { length: layers - 1 };
    this.auxClsBranches = this.addChild('aux_cls_branches', new ModuleList(Array.from(perLayer, classifier)));
    this.auxRegBranches = this.addChild('aux_reg_branches', new ModuleList(Array.from(perLayer, regressor)));
    applyInitCfg(this, config.init_cfg);
    for (const { bias } of [...this.clsBranches, ...this.auxClsBranches]) if (bias) bias.initializer = rareClassBias;
    this.denseLoss = new DenseQueryLoss(config.aux_num_pos, context);
  }

  /** What the branches of the dense queries predict, as `forward`. */
  private forwardDense(states: tf.Tensor3D[], references: tf.Tensor3D[]): QueryPredictions[] {
    return states.map((state, i) => ({
      scores: this.auxClsBranches.at(i).forward(state),
      boxes: tf.sigmoid(addToFirst(this.auxRegBranches.at(i).forward(state), inverseSigmoid(references[i]))),
    }));
  }

  /**
   * Losses as DINO's, of the distinct queries of each layer, then those of the dense queries, which come last in `decoded`.
   *
   * @param dense proposals of the encoder for the dense queries
   */
  distinctLoss(
    { states, references, visible }: DistinctDecoding,
    batch: DetBatch,
    context: LossContext,
    encoder: EncoderOutputs,
    dense: EncoderOutputs,
    denoising: DenoisingMeta,
  ): Losses {
    const count = dense.scores.shape[1];
    const others = states[0].shape[1] - count;
    const part = (layers: tf.Tensor3D[], begin: number, length: number): tf.Tensor3D[] =>
      layers.map((x) => tf.slice(x, [0, begin, 0], [-1, length, -1]));
    const layers = this.forward(part(states, 0, others), part(references, 0, others));
    const kept = [undefined, ...visible.map(visibleQueries)];
    const losses = this.partLosses(layers, batch, context, encoder, denoising, kept);
    const auxiliary = this.forwardDense(part(states, others, count), part(references, others, count));
    for (const [i, layer] of auxiliary.entries())
      Object.assign(losses, this.denseLosses(layer, `${i}_aux`, batch, context));
    return { ...losses, ...this.denseLosses(dense, 'aux_enc', batch, context) };
  }

  private denseLosses(layer: QueryPredictions, name: string, batch: DetBatch, context: LossContext): Losses {
    const [images, count] = layer.scores.shape;
    const sizes = batch.samples.map(({ meta }) => meta.imgShape);
    const sides = sizes.flatMap(([height, width]) => [width, height, width, height]);
    const boxes = tf.mul<tf.Tensor3D>(
      corners(layer.boxes.reshape([-1, 4])).reshape([images, count, 4]),
      tf.tensor3d(sides, [images, 1, 4]),
    );
    const scores: tf.Tensor3D = tf.sigmoid(layer.scores);
    const { cls, bbox } = this.denseLoss.forward({ scores, boxes }, this.instances(batch), batch, context);
    return { [`${name}_aux_loss_cls`]: cls, [`${name}_aux_loss_bbox`]: bbox };
  }

  /** Predictions of the last layer, with `hidden` as logits of the queries that are not distinct. */
  forwardDistinct({ states, references, visible }: DistinctDecoding, hidden: number): QueryPredictions {
    const { scores, boxes } = this.forwardLast(states, references);
    const shown = tf.cast(visible[visible.length - 1], 'bool').expandDims(2);
    return { scores: tf.where(shown, scores, tf.fill(scores.shape, hidden)), boxes };
  }

  predictDistinct(decoded: DistinctDecoding, batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.detections(this.forwardDistinct(decoded, Number.NaN), batch, rescale);
  }
}

/** The queries of each image with a 1. */
function visibleQueries(flags: tf.Tensor2D): Int32Array[] {
  const values = flags.dataSync<'float32'>();
  const [images] = flags.shape;
  return Array.from({ length: images }, (_, n) => {
    const ofImage = imageRows(values, n, images);
    return Int32Array.from(ofImage.keys()).filter((q) => ofImage[q] > 0);
  });
}

export const ddqDETRHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DDQDETRHead',
  summary: "DINO's head on distinct queries, with losses of dense queries",
  paper: 'Zhang et al., Dense Distinct Query for End-to-End Object Detection, CVPR 2023',
  shapes: 'queries [N, Q, C] and boxes [N, Q, 4] of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'DDQDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 1 } }",
  options,
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('DDQDETRHead', given, context),
  build: (given, context) => new DDQDETRHead(given as DDQDETRHeadConfig, context),
});
