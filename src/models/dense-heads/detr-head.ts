// DETRHead: class and box of every query (Carion et al., DETR, ECCV 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import type { DetBatch, LossContext, Losses } from '../types';
import { type DETRHeadConfig, detrHeadInferred, detrHeadOptions, inferDETRHead } from './detr-head-options';
import { FFNQueryHead } from './ffn-query-head';
import type { QueryPredictions } from './query-head';

export class DETRHead extends FFNQueryHead {
  /** Queries [N, Q, C] after some decoder layers -> the predictions of each. */
  forward(states: tf.Tensor3D[]): QueryPredictions[] {
    return states.map((state) => ({
      scores: this.fcCls.forward(state),
      boxes: tf.sigmoid(this.fcReg.forward(tf.relu(this.regFfn.forward(state)))),
    }));
  }

  loss(states: tf.Tensor3D[], batch: DetBatch, context: LossContext): Losses {
    return this.layerLosses(this.forward(states), this.instances(batch), batch, context);
  }

  predict(states: tf.Tensor3D[], batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.detections(this.forward(states.slice(-1))[0], batch, rescale);
  }
}

export const detrHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DETRHead',
  summary: 'Class and box of every query, trained by one-to-one matching',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'queries [N, Q, C] of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'DETRHead', num_classes: 80, embed_dims: 256 }",
  options: z.strictObject(detrHeadOptions),
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('DETRHead', given, context),
  build: (given, context) => new DETRHead(given as DETRHeadConfig, context),
});
