// DINOHead: Deformable DETR's head, with losses of the denoising queries, whose ground truth needs no matching (Zhang et al.,
// ICLR 2023).

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../catalogue/registry';
import type { Linear } from '../../nn';
import type { Module } from '../../nn/module';
import type { Instances } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import {
  DeformableDETRHead,
  type DeformableDETRHeadConfig,
  deformableDETRHeadOptions,
  type EncoderOutputs,
} from './deformable-detr-head';
import { detrHeadInferred, inferDETRHead } from './detr-head-options';
import { byLayer, prefixed, type QueryPredictions } from './query-head';
import { normalizedBox, noTargets, type QueryTargets } from './query-targets';

/** The first `count` queries denoise, in `groups` groups: positives to reconstruct first, then negatives. */
export interface DenoisingMeta {
  count: number;
  groups: number;
}

export class DINOHead<Classifier extends Module = Linear> extends DeformableDETRHead<Classifier> {
  /** Losses of the matching queries, `enc_loss_...` of the encoder and `dn_loss_...` of the denoising queries. */
  denoisingLoss(
    states: tf.Tensor3D[],
    references: tf.Tensor3D[],
    batch: DetBatch,
    context: LossContext,
    encoder: EncoderOutputs,
    denoising: DenoisingMeta,
  ): Losses {
    return this.partLosses(this.forward(states, references), batch, context, encoder, denoising);
  }

  /** The same of what was predicted; `kept` are the queries of each image that learn in each layer, all when absent. */
  protected partLosses(
    layers: QueryPredictions[],
    batch: DetBatch,
    context: LossContext,
    encoder: EncoderOutputs,
    denoising: DenoisingMeta,
    kept: readonly (readonly Int32Array[] | undefined)[] = [],
  ): Losses {
    const truths = this.instances(batch);
    const { count } = denoising;
    const part = (x: tf.Tensor3D, begin: number, length: number): tf.Tensor3D =>
      tf.slice(x, [0, begin, 0], [-1, length, -1]);
    const cut = (begin: number, length: number) =>
      layers.map(({ scores, boxes }) => ({ scores: part(scores, begin, length), boxes: part(boxes, begin, length) }));
    const queries = layers[0].scores.shape[1];
    const targets = this.denoisingTargets(truths, batch, denoising);
    return {
      ...byLayer(
        cut(count, queries - count).map((layer, i) =>
          this.matchedLosses(layer, truths, batch, context, 'loss', kept[i]),
        ),
      ),
      ...this.matchedLosses(encoder, truths, batch, context, 'enc_loss'),
      ...byLayer(cut(0, count).map((layer) => this.denoisingLosses(layer, targets, batch))),
    };
  }

  private denoisingLosses(layer: QueryPredictions, targets: QueryTargets, batch: DetBatch): Losses {
    if (targets.labels.length > 0) return prefixed('dn_loss', this.losses(layer, targets, batch));
    // a batch without ground truth has nothing to denoise; the others wait for its divisors
    this.divisors(targets);
    const nothing = () => tf.add<tf.Scalar>(tf.sum(layer.scores), tf.sum(layer.boxes));
    return { dn_loss_cls: nothing(), dn_loss_bbox: nothing(), dn_loss_iou: nothing() };
  }

  private denoisingTargets(truths: Instances[], batch: DetBatch, { count, groups }: DenoisingMeta): QueryTargets {
    const targets = noTargets(truths.length * count, this.numClasses);
    const size = count / groups;
    for (const [n, { bboxes, labels }] of truths.entries())
      for (let group = 0; group < groups; group++)
        for (const [i, label] of labels.entries()) {
          const row = n * count + group * size + i;
          targets.labels[row] = label;
          targets.truths[row] = i;
          const box = normalizedBox(bboxes.subarray(4 * i, 4 * i + 4), batch.samples[n].meta.imgShape);
          targets.boxes.set(box, 4 * row);
          targets.positives.push(row);
        }
    // padding of images with less ground truth is neither
    return { ...targets, negatives: targets.positives.length };
  }
}

export const dinoHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'DINOHead',
  summary: 'Deformable DETR head with losses of denoising queries',
  paper: 'Zhang et al., DINO, ICLR 2023',
  shapes: 'queries [N, Q, C] and boxes [N, Q, 4] of every layer -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'DINOHead', num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 1 } }",
  options: deformableDETRHeadOptions,
  inferred: detrHeadInferred,
  infer: (given, context) => inferDETRHead('DINOHead', given, context),
  build: (given, context) => new DINOHead(given as DeformableDETRHeadConfig, context),
});
