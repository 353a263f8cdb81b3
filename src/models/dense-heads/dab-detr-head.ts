// DABDETRHead: class of every query, and its box relative to the one the last layer started from (Liu et al., ICLR 2022).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { applyInitCfg, Linear, zeros } from '../../nn';
import { MLP } from '../../nn/mlp';
import { addToFirst, inverseSigmoid } from '../layers/transformer/coordinates';
import type { DetBatch, LossContext, Losses } from '../types';
import { type DETRHeadConfig, detrHeadInferred, detrHeadOptions, inferDETRHead } from './detr-head-options';
import { QueryHead, type QueryPredictions } from './query-head';
import { rareClassBias } from './rare-class-bias';

export class DABDETRHead extends QueryHead {
  protected readonly fcCls: Linear;
  /** Also refines the queries inside the decoder. */
  readonly fcReg: MLP;

  constructor(config: DETRHeadConfig, context: BuildContext) {
    super(config, context);
    const { embed_dims: channels } = config;
    this.fcCls = this.addChild('fc_cls', new Linear({ inFeatures: channels, outFeatures: this.scoreChannels }));
    this.fcReg = this.addChild('fc_reg', new MLP(channels, channels, 4, 3));
    applyInitCfg(this, config.init_cfg);
    if (this.lossCls.useSigmoid && this.fcCls.bias) this.fcCls.bias.initializer = rareClassBias;
    const last = this.fcReg.layers.at(-1);
    last.weight.initializer = zeros;
    if (last.bias) last.bias.initializer = zeros;
  }

  /** Queries [N, Q, C] after some decoder layers, and the references [N, Q, 2 or 4] each layer started from. */
  forward(states: tf.Tensor3D[], references: tf.Tensor3D[]): QueryPredictions[] {
    return states.map((state, i) => ({
      scores: this.fcCls.forward(state),
      boxes: tf.sigmoid(addToFirst(this.fcReg.forward(state), inverseSigmoid(references[i], 1e-3))),
    }));
  }

  loss(states: tf.Tensor3D[], references: tf.Tensor3D[], batch: DetBatch, context: LossContext): Losses {
    return this.layerLosses(this.forward(states, references), this.instances(batch), batch, context);
  }

  predict(states: tf.Tensor3D[], references: tf.Tensor3D[], batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.detections(this.forward(states.slice(-1), references.slice(-1))[0], batch, rescale);
  }
}

export const dabDETRHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DABDETRHead',
  summary: 'Class and box of every query, the box relative to its anchor',
  paper: 'Liu et al., DAB-DETR, ICLR 2022',
  shapes: 'queries [N, Q, C] and boxes [N, Q, 4] of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'DABDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 1 } }",
  options: z.strictObject(detrHeadOptions),
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('DABDETRHead', given, context),
  build: (given, context) => new DABDETRHead(given as DETRHeadConfig, context),
});
