// Decoder of DINO (Zhang et al., ICLR 2023): Deformable DETR's, whose query positions are the sine embedding of the boxes
// refined so far, and whose refinement "looks forward twice": a layer's loss also reaches the boxes of the layer before.

import * as tf from '@tensorflow/tfjs';
import type { z } from 'zod';
import { LayerNorm } from '../../../nn';
import { MLP } from '../../../nn/mlp';
import { stopGradient } from '../../../ops';
import { exactly } from '../../../ops/exactly';
import { coordinateToEncoding, inverseSigmoid } from './coordinates';
import {
  type DecoderLayer,
  type DeformableDecoderInputs,
  DeformableDetrTransformerDecoder,
  onEveryLevel,
  type Regressor,
} from './deformable-detr-layers';
import type { deformableDecoderOptions } from './transformer-options';

export class DinoTransformerDecoder<
  Inputs extends DeformableDecoderInputs = DeformableDecoderInputs,
> extends DeformableDetrTransformerDecoder<Inputs> {
  private readonly refPointHead: MLP;
  private readonly norm?: LayerNorm;

  /** @param plain as in RT-DETR: query positions are layers on the boxes themselves, and states are not normalised */
  constructor(
    options: z.output<typeof deformableDecoderOptions>,
    makeLayer?: () => DecoderLayer<Inputs>,
    { plain = false } = {},
  ) {
    super(options, makeLayer);
    const channels = this.embedDims;
    const head = plain ? new MLP(4, 2 * channels, channels, 2) : new MLP(2 * channels, channels, channels, 2);
    this.refPointHead = this.addChild('ref_point_head', head);
    if (!plain) this.norm = this.addChild('norm', new LayerNorm({ channels }));
  }

  /**
   * `references` [B, Q, 4] in 0..1. States after every layer, normalised; references before the first and after each.
   *
   * @param after what the layer after `layer` reads, by the state and the boxes there
   */
  decode(
    query: tf.Tensor3D,
    references: tf.Tensor3D,
    inputs: Inputs,
    regress: Regressor,
    after?: (layer: number, state: tf.Tensor3D, boxes: tf.Tensor3D) => Inputs,
  ): { states: tf.Tensor3D[]; references: tf.Tensor3D[] } {
    const states: tf.Tensor3D[] = [];
    const all = [references];
    let [x, current, read] = [query, references, inputs];
    for (const [i, layer] of [...this.layers].entries()) {
      const points = onEveryLevel(current, inputs.pyramid.validRatios);
      const [batch, queries] = points.shape;
      const first: tf.Tensor3D = tf.slice(points, [0, 0, 0, 0], [-1, -1, 1, -1]).reshape([batch, queries, 4]);
      const queryPos = exactly(() =>
        this.refPointHead.forward(this.norm ? coordinateToEncoding(first, this.embedDims / 2) : first),
      );
      x = layer.forward(x, queryPos, points, read);
      const refined = tf.sigmoid(
        tf.add<tf.Tensor3D>(
          exactly(() => regress(x, i)),
          inverseSigmoid(current, this.norm ? 1e-3 : 1e-5),
        ),
      );
      current = stopGradient(refined);
      if (after) read = after(i, x, current);
      states.push(this.norm ? this.norm.forward(x) : x);
      all.push(refined);
    }
    return { states, references: all };
  }
}
