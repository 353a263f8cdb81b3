// Generalized attention (Zhu et al., An Empirical Study of Spatial Attention Mechanisms, ICCV 2019): every pixel attends to
// the others by up to four terms: query x key, query x position, key alone, position alone. Positions enter as sines of
// the distance along each axis, projected; the sum of all is one softmax. Of `0100` and its like without position alone, the reference
// takes columns for rows.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn/conv2d';
import { kaiming, uniform, zeros } from '../../nn/initializers';
import { Linear } from '../../nn/linear';
import { Module, type Parameter } from '../../nn/module';
import { composite } from '../../ops/composite';
import { everyNth } from '../../ops/every-nth';
import { interpolate } from '../../ops/interpolate';

export interface GeneralizedAttentionConfig {
  inChannels: number;
  /** Half the side of the square a pixel sees; -1: everything. */
  spatialRange?: number;
  numHeads?: number;
  positionEmbeddingDim?: number;
  positionMagnitude?: number;
  kvStride?: number;
  qStride?: number;
  /** Four digits 0 or 1: query-key, query-position, key alone, position alone. */
  attentionType?: string;
}

const init = kaiming({ a: 1, mode: 'fan_in', distribution: 'uniform', nonlinearity: 'leaky_relu' });

/**
 * @example new GeneralizedAttention({ inChannels: 256, numHeads: 8, attentionType: '0010' }).forward(x)
 * @throws DetLabError with a spatial range on a map that is not of 256 or 512 channels: the reference knows no size for it.
 */
export class GeneralizedAttention extends Module {
  private readonly query?: Conv2d;
  private readonly key?: Conv2d;
  private readonly value: Conv2d;
  private readonly projection: Conv2d;
  private readonly xLinear?: Linear;
  private readonly yLinear?: Linear;
  private readonly keyBias?: Parameter;
  private readonly positionBias?: Parameter;
  private readonly gamma: Parameter;
  private readonly constraint?: Parameter;
  private readonly heads: number;
  private readonly depth: number;
  private readonly terms: boolean[];
  private readonly embedding: number;
  private readonly magnitude: number;
  private readonly kvStride: number;
  private readonly qStride: number;

  constructor(config: GeneralizedAttentionConfig) {
    super();
    const { inChannels, spatialRange = -1, numHeads = 9, positionEmbeddingDim = -1, attentionType = '1111' } = config;
    this.heads = numHeads;
    this.depth = Math.floor(inChannels / numHeads);
    this.terms = [...attentionType].map((digit) => digit !== '0');
    this.embedding = positionEmbeddingDim > 0 ? positionEmbeddingDim : inChannels;
    this.magnitude = config.positionMagnitude ?? 1;
    this.kvStride = config.kvStride ?? 2;
    this.qStride = config.qStride ?? 1;
    const out = this.depth * numHeads;
    const bound = 1 / Math.sqrt(2 * this.depth);
    const bias = (name: string) => this.addParameter(name, [out], uniform(-bound, bound));
    if (this.terms[2]) this.keyBias = bias('appr_bias');
    if (this.terms[3]) this.positionBias = bias('geom_bias');
    this.gamma = this.addParameter('gamma', [1], zeros);
    if (spatialRange >= 0) this.constraint = this.addConstraint(inChannels, spatialRange);
    const conv = (name: string, from: number, to: number, hasBias = false) =>
      this.addChild(
        name,
        new Conv2d({ inChannels: from, outChannels: to, kernelSize: 1, bias: hasBias, init, biasInit: zeros }),
      );
    const linear = (name: string) =>
      this.addChild(
        name,
        new Linear({ inFeatures: Math.floor(this.embedding / 2), outFeatures: out, bias: false, init }),
      );
    if (this.terms[0] || this.terms[1]) this.query = conv('query_conv', inChannels, out);
    if (this.terms[0] || this.terms[2]) this.key = conv('key_conv', inChannels, out);
    this.value = conv('value_conv', inChannels, out);
    if (this.terms[1] || this.terms[3]) {
      this.xLinear = linear('appr_geom_fc_x');
      this.yLinear = linear('appr_geom_fc_y');
    }
    this.projection = conv('proj_conv', out, inChannels, true);
  }

  /** Its own start, which no init_cfg of the network around it changes. */
  initializeItself(): void {
    for (const conv of [this.query, this.key, this.value, this.projection]) if (conv) conv.weight.initializer = init;
    if (this.projection.bias) this.projection.bias.initializer = zeros;
  }

  /** A map of what may not be seen, [Hq, Wq, Hk, Wk], for the two sizes the reference has. */
  private addConstraint(channels: number, range: number): Parameter {
    const side = { 256: 84, 512: 42 }[channels];
    if (!side)
      throw new DetLabError(
        `Cannot limit GeneralizedAttention to a spatial range of ${range} on ${channels} channels: expected 256 or 512`,
      );
    const count = Math.floor((side - 1) / this.kvStride + 1);
    return this.addBuffer(
      'local_constraint_map',
      [side, side, count, count],
      () => {
        const from = (i: number) => Math.max(Math.floor((i - range) / this.kvStride), 0);
        const to = (i: number) => Math.min(Math.floor((i + range + 1) / this.kvStride) + 1, side);
        const hidden = new Int32Array(side * side * count * count).fill(1);
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++)
            for (let ky = from(y); ky < Math.min(to(y), count); ky++) {
              const row = ((y * side + x) * count + ky) * count;
              hidden.fill(0, row + Math.min(from(x), count), row + Math.min(to(x), count));
            }
        return hidden;
      },
      'int32',
    );
  }

  /** [N, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const xq = everyNth(x, this.qStride);
      const xk = everyNth(x, this.kvStride);
      // the key alone gives every query the same weights: so one query is computed for all
      const single = this.terms.join() === 'false,false,true,false';
      const [n, hk, wk] = xk.shape;
      const [h, w] = single ? [1, 1] : xq.shape.slice(1, 3);
      const heads = (y: tf.Tensor4D) =>
        tf.transpose(y.reshape([n, -1, this.heads, this.depth]), [0, 2, 1, 3]) as tf.Tensor4D; // [N, heads, L, d]
      const query = this.query && heads(this.query.forward(xq));
      let energy: tf.Tensor = tf.zeros([1]);
      if (this.key) {
        const left = this.biased(this.terms[0] ? query : undefined, this.keyBias, n, h * w);
        energy = tf.matMul(left, heads(this.key.forward(xk)), false, true); // [N, heads, Lq, Lk]
      }
      if (this.xLinear && this.yLinear) {
        const left = this.biased(this.terms[1] ? query : undefined, this.positionBias, n, h * w);
        energy = tf.add(energy, this.positionEnergy(left, x, [n, h, w, hk, wk]));
      }
      if (this.constraint) {
        const hidden = tf.slice(this.constraint.variable, [0, 0, 0, 0], [h, w, hk, wk]).reshape([1, 1, h * w, hk * wk]);
        energy = tf.add(energy, tf.mul(tf.cast(hidden, 'float32'), -1e9));
      }
      const attended = tf.matMul(tf.softmax(energy, -1), heads(this.value.forward(xk)));
      const joined = tf.transpose(attended, [0, 2, 1, 3]).reshape<tf.Tensor4D>([n, h, w, this.heads * this.depth]);
      let y = this.projection.forward(joined);
      if (this.qStride > 1 && !single) y = interpolate(y, { size: [x.shape[1], x.shape[2]], mode: 'bilinear' });
      return tf.add(tf.mul(y, this.gamma.variable), x);
    });
  }

  /** A query [N, heads, L, d] with a bias, or the bias alone where the query does not enter. */
  private biased(query: tf.Tensor4D | undefined, bias: Parameter | undefined, n: number, length: number): tf.Tensor4D {
    const row = bias?.variable.reshape<tf.Tensor4D>([1, this.heads, 1, this.depth]);
    if (query) return row ? tf.add(query, row) : query;
    return tf.tile(row as tf.Tensor4D, [n, 1, length, 1]);
  }

  /** [N, heads, H W, d] against the distances along both axes: [N, heads, H W, Hk Wk]. */
  private positionEnergy(left: tf.Tensor4D, x: tf.Tensor4D, [n, h, w, hk, wk]: number[]): tf.Tensor4D {
    const query: tf.Tensor5D = left.reshape([n, this.heads, h, w, this.depth]);
    const along = (linear: Linear, length: number, keys: number, order: number[], back: number[]) => {
      const embedded = linear.forward(this.distances(x, length, keys)); // [length, keys, heads d]
      const positions = tf.transpose(embedded.reshape([length, keys, this.heads, this.depth]), [2, 0, 3, 1]);
      const rows = tf.transpose(query, order).reshape([this.heads, length, -1, this.depth]);
      const products = tf.div(tf.matMul(rows, positions), Math.SQRT2); // [heads, length, N * other, keys]
      const other = (h * w) / length;
      return tf
        .transpose(products.reshape([this.heads, length, n, other, keys]), back)
        .reshape([n * this.heads * h * w, keys]);
    };
    const byX = along(this.xLinear!, w, wk, [1, 3, 0, 2, 4], [2, 0, 3, 1, 4]).reshape([-1, 1, wk]);
    const byY = along(this.yLinear!, h, hk, [1, 2, 0, 3, 4], [2, 0, 1, 3, 4]).reshape([-1, hk, 1]);
    return tf.add(byX, byY).reshape([n, this.heads, h * w, hk * wk]);
  }

  /** Sines, then cosines of the distances between queries and keys, [length, keys, embedding / 2]. `x` is the map. */
  private distances(x: tf.Tensor4D, length: number, keys: number): tf.Tensor3D {
    const quarter = Math.ceil(this.embedding / 4);
    const frequencies = Array.from({ length: quarter }, (_, k) => this.magnitude / 1000 ** ((4 / this.embedding) * k));
    const attrs = { length, keys, strides: [this.qStride, this.kvStride], frequencies };
    return composite({ name: 'DistanceWaves', inputs: { x }, attrs }, () => {
      const values = new Float32Array(length * keys * 2 * quarter);
      for (let i = 0, at = 0; i < length; i++)
        for (let j = 0; j < keys; j++, at += 2 * quarter) {
          const distance = i * this.qStride - j * this.kvStride;
          for (const [k, frequency] of frequencies.entries()) {
            values[at + k] = Math.sin(distance * frequency);
            values[at + quarter + k] = Math.cos(distance * frequency);
          }
        }
      return tf.tensor3d(values, [length, keys, 2 * quarter]);
    });
  }
}
