// DeformableDETRHead: a class and a box branch for every decoder layer (one for all where boxes are not refined), and one
// more for the proposals of the encoder in the two-stage form (Zhu et al., ICLR 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { applyInitCfg, type Initializer, Linear, zeros } from '../../nn';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { exactly } from '../../ops/exactly';
import { addToFirst, inverseSigmoid } from '../layers/transformer/coordinates';
import type { DetBatch, LossContext, Losses } from '../types';
import { type DETRHeadConfig, detrHeadInferred, detrHeadOptions, inferDETRHead } from './detr-head-options';
import { QueryHead, type QueryPredictions } from './query-head';
import { rareClassBias } from './rare-class-bias';

export const deformableDETRHeadOptions = z.strictObject({
  ...detrHeadOptions,
  share_pred_layer: z.boolean().default(false).describe('Share one branch among all layers; set by the detector'),
  num_pred_layer: z.int().positive().default(6).describe('Number of layers that predict; set by the detector'),
  as_two_stage: z.boolean().default(false).describe('Queries are proposed by the encoder; set by the detector'),
});
export type DeformableDETRHeadConfig = DETRHeadConfig &
  Pick<z.output<typeof deformableDETRHeadOptions>, 'share_pred_layer' | 'num_pred_layer' | 'as_two_stage'>;

/** Linear layers with ReLU between them, numbered as in a Sequential that holds the ReLUs too. */
export class BoxBranch extends Module {
  private readonly layers: Linear[] = [];

  constructor(channels: number, count: number, sizeBias: number) {
    super();
    for (let i = 0; i < count; i++)
      this.layers.push(this.addChild(`${2 * i}`, new Linear({ inFeatures: channels, outFeatures: channels })));
    const biasInit: Initializer = () => Float32Array.of(0, 0, sizeBias, sizeBias);
    const last = new Linear({ inFeatures: channels, outFeatures: 4, init: zeros, biasInit });
    this.layers.push(this.addChild(`${2 * count}`, last));
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    return this.layers.reduce(
      (y, layer, i) => layer.forward(y, { activation: i < this.layers.length - 1 ? 'relu' : 'linear' }),
      x,
    );
  }
}

/** Proposals of the encoder, for its losses. S: cells over all levels. */
export interface EncoderOutputs {
  scores: tf.Tensor3D;
  /** [N, S, 4], cxcywh in shares of the image. */
  boxes: tf.Tensor3D;
}

export class DeformableDETRHead<Classifier extends Module = Linear> extends QueryHead {
  readonly clsBranches: ModuleList<Classifier>;
  readonly regBranches: ModuleList<BoxBranch>;

  constructor(config: DeformableDETRHeadConfig, context: BuildContext) {
    super(config, context);
    const { embed_dims: channels, num_reg_fcs, num_pred_layer, share_pred_layer, as_two_stage } = config;
    const layers = <T extends Module>(make: (i: number) => T): ModuleList<T> => {
      const shared = share_pred_layer ? make(0) : undefined;
      return new ModuleList(Array.from({ length: num_pred_layer }, (_, i) => shared ?? make(i)));
    };
    this.clsBranches = this.addChild(
      'cls_branches',
      layers(() => this.classifier()),
    );
    // boxes of queries without a proposal start at an eighth of the image
    const sizeBias = (i: number) => (i === 0 && !as_two_stage ? -2 : 0);
    const regressor = (i: number) => new BoxBranch(channels, num_reg_fcs, sizeBias(i));
    this.regBranches = this.addChild('reg_branches', layers(regressor));
    applyInitCfg(this, config.init_cfg);
    if (this.lossCls.useSigmoid)
      for (const branch of this.clsBranches)
        if (branch instanceof Linear && branch.bias) branch.bias.initializer = rareClassBias;
  }

  /** What scores the queries of a layer. */
  protected classifier(): Classifier {
    const { embed_dims: inFeatures } = this.config;
    return new Linear({ inFeatures, outFeatures: this.scoreChannels }) as Module as Classifier;
  }

  /** Scores [N, Q, K] of queries after a layer. */
  scores(layer: number, state: tf.Tensor3D): tf.Tensor3D {
    return (this.clsBranches.at(layer) as Module as Linear).forward(state);
  }

  /** Queries [N, Q, C] after all decoder layers, and the references [N, Q, 2 or 4] each layer started from. */
  forward(states: tf.Tensor3D[], references: tf.Tensor3D[]): QueryPredictions[] {
    return states.map((state, i) => ({
      scores: this.scores(i, state),
      boxes: tf.sigmoid(addToFirst(this.regBranches.at(i).forward(state), inverseSigmoid(references[i]))),
    }));
  }

  /** Losses of the decoder layers, and `enc_loss_...` of the encoder, where all ground truth is of the first class. */
  loss(
    states: tf.Tensor3D[],
    references: tf.Tensor3D[],
    batch: DetBatch,
    context: LossContext,
    encoder?: EncoderOutputs,
  ): Losses {
    const truths = this.instances(batch);
    const losses = this.layerLosses(this.forward(states, references), truths, batch, context);
    if (!encoder) return losses;
    const objects = truths.map((t) => ({ ...t, labels: new Int32Array(t.labels.length) }));
    return { ...losses, ...this.matchedLosses(encoder, objects, batch, context, 'enc_loss') };
  }

  /** Predictions of the last layer alone. */
  forwardLast(states: tf.Tensor3D[], references: tf.Tensor3D[]): QueryPredictions {
    const last = states.length - 1;
    const scores = exactly(() => this.scores(last, states[last]));
    const shift = exactly(() => this.regBranches.at(last).forward(states[last]));
    return { scores, boxes: tf.sigmoid(addToFirst(shift, inverseSigmoid(references[last]))) };
  }

  predict(states: tf.Tensor3D[], references: tf.Tensor3D[], batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.detections(this.forwardLast(states, references), batch, rescale);
  }
}

export const deformableDETRHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DeformableDETRHead',
  summary: 'Class and box of every query, the box relative to its reference, with branches per decoder layer',
  paper: 'Zhu et al., Deformable DETR, ICLR 2021',
  shapes: 'queries [N, Q, C] and references of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'DeformableDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 2 } }",
  options: deformableDETRHeadOptions,
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('DeformableDETRHead', given, context),
  build: (given, context) => new DeformableDETRHead(given as DeformableDETRHeadConfig, context),
});
