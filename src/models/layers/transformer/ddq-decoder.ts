// Decoder of DDQ (Zhang et al., Dense Distinct Query, CVPR 2023): DINO's, whose queries attend to one another only where one of
// the two is distinct: kept by NMS of the boxes after the layer before. As in the reference, the queries that come into question
// after the next layer are those that the first query sees: all of them where it is distinct itself.

import * as tf from '@tensorflow/tfjs';
import type { NmsConfig } from '../../../ops';
import type { DeformableDecoderInputs, Regressor } from './deformable-detr-layers';
import { DinoTransformerDecoder } from './dino-decoder';
import { distinctFlags } from './distinct-queries';

/** What the decoder selects queries by. */
export interface DistinctSelection {
  nms: NmsConfig;
  /** Queries before those among which it selects, of denoising, and how many these are. */
  start: number;
  count: number;
  /** Class logits after a layer. */
  classify(state: tf.Tensor3D, layer: number): tf.Tensor3D;
}

export interface DistinctDecoding {
  states: tf.Tensor3D[];
  references: tf.Tensor3D[];
  /** 1 for the queries [B, count] that the losses see, after every layer but the last. */
  visible: tf.Tensor2D[];
}

export class DDQTransformerDecoder extends DinoTransformerDecoder {
  /** As `decode`, with queries selected in between; a mask of `inputs` holds for all layers. */
  decodeDistinct(
    query: tf.Tensor3D,
    references: tf.Tensor3D,
    inputs: DeformableDecoderInputs,
    regress: Regressor,
    selection: DistinctSelection,
  ): DistinctDecoding {
    const [images, total] = query.shape;
    const { nms, start, count } = selection;
    const visible: tf.Tensor2D[] = [];
    const part = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [0, start, 0], [-1, count, -1]);
    const after = (layer: number, state: tf.Tensor3D, boxes: tf.Tensor3D): DeformableDecoderInputs => {
      if (layer === this.numLayers - 1) return inputs;
      const scores: tf.Tensor2D = tf.max(tf.sigmoid(selection.classify(part(state), layer)), 2);
      const before = visible.at(-1) ?? tf.ones<tf.Rank.R2>([images, count]);
      const kept = distinctFlags({ scores, boxes: part(boxes) }, before, nms);
      visible.push(tf.maximum(kept, tf.slice(kept, [0, 0], [-1, 1])));
      const others = tf.sub(1, kept);
      const hidden = tf.mul(others.expandDims(2), others.expandDims(1)); // [B, count, count]
      const margin: [number, number] = [start, total - start - count];
      const padded = tf.pad(hidden, [[0, 0], margin, margin]).expandDims(1);
      const fixed = inputs.selfAttnMask;
      const mask = fixed ? tf.maximum(padded, tf.cast(fixed, 'float32').reshape([1, 1, total, total])) : padded;
      return { ...inputs, selfAttnMask: tf.mul(mask, HIDDEN) };
    };
    return { ...this.decode(query, references, inputs, regress, after), visible };
  }
}

/** Added to the attention of what may not be seen. */
const HIDDEN = -1e9;
