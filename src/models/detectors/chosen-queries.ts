// Queries that begin at the best boxes of the encoder (DINO, RT-DETR, Grounding DINO), in training behind those that are denoised.

import * as tf from '@tensorflow/tfjs';
import type { Module } from '../../nn';
import { stopGradient } from '../../ops';
import type { DeformableDETRHead, EncoderOutputs } from '../dense-heads/deformable-detr-head';
import type { DenoisingQueries } from '../layers/transformer/cdn-query-generator';
import type { DeformableDecoderInputs } from '../layers/transformer/deformable-detr-layers';
import type { DinoTransformerDecoder } from '../layers/transformer/dino-decoder';
import { bestIndices, takeRows } from './deformable-detr';

/** What the heads read, of every decoder layer, and what the losses compare of the encoder. */
export interface DecodedQueries {
  states: tf.Tensor3D[];
  references: tf.Tensor3D[];
  encoder: EncoderOutputs;
}

interface ChosenQueries {
  /** [B, Q, 4], before the sigmoid, without gradient. */
  boxes: tf.Tensor3D;
  /** [B, Q, C]. */
  contents: tf.Tensor3D;
  encoder: EncoderOutputs;
}

/** The `count` proposals of each image for which `best` [B, S] is largest. */
export function chooseProposals(proposed: EncoderOutputs, best: tf.Tensor, count: number) {
  const indices = bestIndices(best, count);
  const selected = takeRows(proposed.boxes, indices);
  const encoder = { scores: takeRows(proposed.scores, indices), boxes: tf.sigmoid<tf.Tensor3D>(selected) };
  return { indices, boxes: stopGradient(selected), encoder };
}

export function decodeChosen<Inputs extends DeformableDecoderInputs>(
  model: { decoder: DinoTransformerDecoder<Inputs>; bboxHead: DeformableDETRHead<Module> },
  chosen: ChosenQueries,
  inputs: Omit<Inputs, 'selfAttnMask'>,
  denoising?: DenoisingQueries,
): DecodedQueries {
  const query = denoising ? tf.concat([denoising.labels, chosen.contents], 1) : chosen.contents;
  const boxes = denoising ? tf.concat([denoising.boxes, chosen.boxes], 1) : chosen.boxes;
  const read = { ...inputs, selfAttnMask: denoising?.mask } as Inputs;
  const regress = (state: tf.Tensor3D, layer: number) => model.bboxHead.regBranches.at(layer).forward(state);
  return { ...model.decoder.decode(query, tf.sigmoid(boxes), read, regress), encoder: chosen.encoder };
}
