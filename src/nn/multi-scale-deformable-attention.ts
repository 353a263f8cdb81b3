// Multi-scale deformable attention with its projections (Zhu et al., Deformable DETR, ICLR 2021), with mmcv's names and
// initialisation: sampling points start on rings around the query, one direction per head.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { deformAttention } from '../ops/deform-attention';
import { Dropout } from './dropout';
import { type Initializer, xavier, zeros } from './initializers';
import { Linear } from './linear';
import { Module } from './module';

export interface MultiScaleDeformableAttentionConfig {
  embedDims?: number;
  numHeads?: number;
  numLevels?: number;
  numPoints?: number;
  /** Dropout after the output projection. */
  dropout?: number;
  /** Tensors are [B, L, C]; false: [L, B, C]. */
  batchFirst?: boolean;
  valueProjRatio?: number;
}

export interface DeformableAttentionInputs {
  /** The pixels of all levels; default: the query. */
  value?: tf.Tensor3D;
  /** Input of the residual connection; default: the query. */
  identity?: tf.Tensor3D;
  queryPos?: tf.Tensor3D;
  /** [B, S], nonzero: masked to zero. */
  keyPaddingMask?: tf.Tensor2D;
  /** [B, L, levels, 2] points (x, y) or [B, L, levels, 4] boxes (cx, cy, w, h), normalised to [0, 1] per level. */
  referencePoints: tf.Tensor4D;
  /** [height, width] of each level. */
  shapes: [number, number][];
}

/** Point p of a level is on ring p + 1 around the query; head h is at the angle 2 pi h / heads. */
function ringBias(heads: number, levels: number, points: number): Initializer {
  return () => {
    const out = new Float32Array(heads * levels * points * 2);
    for (let i = 0; i < out.length; i += 2) {
      const head = Math.floor(i / (2 * levels * points));
      const ring = ((i / 2) % points) + 1;
      const angle = (2 * Math.PI * head) / heads;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      const reach = ring / Math.max(Math.abs(x), Math.abs(y));
      out[i] = x * reach;
      out[i + 1] = y * reach;
    }
    return out;
  };
}

/**
 * @throws DetLabError when the heads do not divide the channels.
 * @example new MultiScaleDeformableAttention({ embedDims: 256, batchFirst: true }).forward(query, { referencePoints, shapes })
 */
export class MultiScaleDeformableAttention extends Module {
  readonly layerNames = ['MultiScaleDeformableAttention'];
  readonly embedDims: number;
  private readonly heads: number;
  private readonly levels: number;
  private readonly points: number;
  private readonly batchFirst: boolean;
  private readonly drop: Dropout;
  private readonly samplingOffsets: Linear;
  private readonly attentionWeights: Linear;
  private readonly valueProj: Linear;
  private readonly outputProj: Linear;

  constructor(config: MultiScaleDeformableAttentionConfig = {}) {
    super();
    const { embedDims = 256, numHeads = 8, numLevels = 4, numPoints = 4, dropout = 0.1 } = config;
    if (embedDims % numHeads !== 0)
      throw new DetLabError(
        `Cannot build deformable attention: expected embed_dims divisible by num_heads ${numHeads}, received ${embedDims}`,
      );
    this.embedDims = embedDims;
    this.heads = numHeads;
    this.levels = numLevels;
    this.points = numPoints;
    this.batchFirst = config.batchFirst ?? false;
    this.drop = this.addChild('dropout', new Dropout({ type: 'Dropout', drop_prob: dropout }));
    const samples = numHeads * numLevels * numPoints;
    const valueDims = Math.trunc(embedDims * (config.valueProjRatio ?? 1));
    const linear = (inFeatures: number, outFeatures: number, init: Initializer, biasInit: Initializer) =>
      new Linear({ inFeatures, outFeatures, init, biasInit });
    const rings = ringBias(numHeads, numLevels, numPoints);
    this.samplingOffsets = this.addChild('sampling_offsets', linear(embedDims, 2 * samples, zeros, rings));
    this.attentionWeights = this.addChild('attention_weights', linear(embedDims, samples, zeros, zeros));
    this.valueProj = this.addChild('value_proj', linear(embedDims, valueDims, xavier(), zeros));
    this.outputProj = this.addChild('output_proj', linear(valueDims, embedDims, xavier(), zeros));
  }

  /** mmcv's initialisation, over that of an enclosing module. */
  resetInit(): void {
    this.samplingOffsets.weight.initializer = zeros;
    this.attentionWeights.weight.initializer = zeros;
    for (const layer of [this.valueProj, this.outputProj]) layer.weight.initializer = xavier();
  }

  forward(query: tf.Tensor3D, inputs: DeformableAttentionInputs): tf.Tensor3D {
    const { identity = query, queryPos, keyPaddingMask, shapes } = inputs;
    return tf.tidy(() => {
      const q = this.transposeUnlessBatchFirst(queryPos ? tf.add(query, queryPos) : query);
      let value = this.valueProj.forward(this.transposeUnlessBatchFirst(inputs.value ?? query));
      if (keyPaddingMask) value = tf.mul(value, tf.cast(tf.equal(keyPaddingMask, 0), 'float32').expandDims(-1));
      const { locations, weights } = this.sampled(q, inputs);
      const read = deformAttention(value, locations, weights, { shapes, heads: this.heads, points: this.points });
      const out = this.transposeUnlessBatchFirst(this.outputProj.forward(read));
      return tf.add(this.drop.forward(out), identity);
    });
  }

  /**
   * Where each query samples the levels and with which weights: [B, L, heads * levels * points, 2] (x, y in shares of the level)
   * and [B, L, heads * levels * points], whose sum over a head is 1.
   */
  samples(query: tf.Tensor3D, inputs: DeformableAttentionInputs): { locations: tf.Tensor4D; weights: tf.Tensor3D } {
    const { queryPos } = inputs;
    return tf.tidy(() =>
      this.sampled(this.transposeUnlessBatchFirst(queryPos ? tf.add(query, queryPos) : query), inputs),
    );
  }

  /** Heads, levels and points of a level, the axes of `samples`. */
  get sampling(): { heads: number; levels: number; points: number } {
    const { heads, levels, points } = this;
    return { heads, levels, points };
  }

  /** `q` has its position and is batch first. */
  private sampled(q: tf.Tensor3D, { referencePoints, shapes }: DeformableAttentionInputs) {
    const [batch, length] = q.shape;
    const perHead = this.levels * this.points;
    const locations = this.locations(this.samplingOffsets.forward(q), referencePoints, shapes);
    const logits = this.attentionWeights.forward(q).reshape([batch, length, this.heads, perHead]);
    const weights: tf.Tensor3D = tf.softmax(logits).reshape([batch, length, this.heads * perHead]);
    return { locations, weights };
  }

  /** Sampling locations [B, L, heads * levels * points, 2]: references of the level plus offsets. */
  private locations(offsets: tf.Tensor3D, references: tf.Tensor4D, shapes: [number, number][]): tf.Tensor4D {
    const [batch, length, levels, size] = references.shape;
    if (levels !== this.levels || shapes.length !== this.levels)
      throw new DetLabError(
        `Cannot compute deformable attention: expected ${this.levels} levels (num_levels), received ${levels} reference levels ` +
          `and ${shapes.length} feature levels`,
      );
    const { heads, points } = this;
    // [B L, heads, levels, points, 2], references broadcast over heads and points
    const shifts = offsets.reshape([batch * length, heads, levels, points, 2]);
    const pair = (begin: number) =>
      tf.slice(references, [0, 0, 0, begin], [-1, -1, -1, 2]).reshape([batch * length, 1, levels, 1, 2]);
    const sides = () =>
      tf.tensor(
        shapes.flatMap(([h, w]) => [w, h]),
        [1, 1, levels, 1, 2],
      );
    const scaled = size === 2 ? tf.div(shifts, sides()) : tf.mul(shifts, tf.mul(pair(2), 0.5 / points));
    return tf.add(pair(0), scaled).reshape([batch, length, heads * levels * points, 2]);
  }

  private transposeUnlessBatchFirst(x: tf.Tensor3D): tf.Tensor3D {
    return this.batchFirst ? x : tf.transpose(x, [1, 0, 2]);
  }
}
