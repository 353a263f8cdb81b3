// ConditionalDETRHead: DETR's head, with boxes relative to the queries' reference points (Meng et al., ICCV 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { addToFirst, inverseSigmoid } from '../layers/transformer/coordinates';
import type { DetBatch, LossContext, Losses } from '../types';
import { type DETRHeadConfig, detrHeadInferred, detrHeadOptions, inferDETRHead } from './detr-head-options';
import { FFNQueryHead } from './ffn-query-head';
import type { QueryPredictions } from './query-head';
import { rareClassBias } from './rare-class-bias';

export class ConditionalDETRHead extends FFNQueryHead {
  constructor(config: DETRHeadConfig, context: BuildContext) {
    super(config, context);
    if (this.lossCls.useSigmoid && this.fcCls.bias) this.fcCls.bias.initializer = rareClassBias;
  }

  /** Queries [N, Q, C] after some decoder layers, and the reference points [N, Q, 2] they all share. */
  forward(states: tf.Tensor3D[], references: tf.Tensor3D): QueryPredictions[] {
    const base = inverseSigmoid(references);
    return states.map((state) => ({
      scores: this.fcCls.forward(state),
      boxes: tf.sigmoid(addToFirst(this.fcReg.forward(tf.relu(this.regFfn.forward(state))), base)),
    }));
  }

  loss(states: tf.Tensor3D[], references: tf.Tensor3D, batch: DetBatch, context: LossContext): Losses {
    return this.layerLosses(this.forward(states, references), this.instances(batch), batch, context);
  }

  predict(states: tf.Tensor3D[], references: tf.Tensor3D, batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.detections(this.forward(states.slice(-1), references)[0], batch, rescale);
  }
}

export const conditionalDETRHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'ConditionalDETRHead',
  summary: 'Class and box of every query, the box relative to its reference point',
  paper: 'Meng et al., Conditional DETR, ICCV 2021',
  shapes: 'queries [N, Q, C] of every layer, points [N, Q, 2] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'ConditionalDETRHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 2 } }",
  options: z.strictObject(detrHeadOptions),
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('ConditionalDETRHead', given, context),
  build: (given, context) => new ConditionalDETRHead(given as DETRHeadConfig, context),
});
