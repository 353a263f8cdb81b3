// LADHead: PAA's head, trained on the assignment of a teacher (Nguyen et al., Improving Object Detection by Label Assignment
// Distillation, WACV 2022).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { DetBatch, LossContext, Losses } from '../types';
import { type KeptTargets, PAAHead, type PAAHeadConfig, paaOptions } from './paa-head';

const options = z.strictObject(paaOptions);

export class LADHead extends PAAHead {
  /** @throws DetLabError: there is no teacher */
  override loss(): Losses {
    throw new DetLabError(
      "Cannot train LADHead without a teacher: use { type: 'LAD', teacher_backbone: ..., teacher_bbox_head: ... }, or PAAHead",
    );
  }

  /** As a teacher: what it would assign. */
  assign(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): KeptTargets {
    return this.keptTargets(this.outputs(features), batch, context);
  }

  /** As a student: the losses of a given assignment. */
  distill(features: tf.Tensor4D[], targets: KeptTargets): Losses {
    return this.lossesOf(this.outputs(features), targets, false);
  }
}

export const ladHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'LADHead',
  summary: 'PAA head that is trained on the assignment of a teacher',
  paper: 'Nguyen et al., Improving Object Detection by Label Assignment Distillation, WACV 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'LADHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 1.3 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('LADHead', given, context),
  build: (given, context) => new LADHead(given as PAAHeadConfig, context),
});
