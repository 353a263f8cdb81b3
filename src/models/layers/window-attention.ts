// Attention inside windows of a map (Liu et al., Swin Transformer, ICCV 2021), with a learned bias for every offset between
// two pixels. Every second block shifts the map by half a window first and masks pairs that are not neighbours in the image.

import * as tf from '@tensorflow/tfjs';
import { Dropout } from '../../nn/dropout';
import { truncatedNormal, zeros } from '../../nn/initializers';
import { Linear } from '../../nn/linear';
import { Module, type Parameter } from '../../nn/module';
import { stepRandom } from '../../nn/step-random';
import { attention } from '../../ops/attention';
import { composite } from '../../ops/composite';

export interface WindowAttentionConfig {
  embedDims: number;
  numHeads: number;
  windowSize: number;
  /** 0, or how far the map is rolled. */
  shiftSize: number;
  qkvBias?: boolean;
  qkScale?: number | null;
  attnDropRate?: number;
  projDropRate?: number;
  dropPathRate?: number;
}

/** For every pair of pixels of a window the row of the bias table, row by row. */
function relativeIndex(size: number): Int32Array {
  const index: number[] = [];
  for (let i = 0; i < size * size; i++)
    for (let j = 0; j < size * size; j++) {
      const rows = Math.floor(i / size) - Math.floor(j / size) + size - 1;
      const columns = (i % size) - (j % size) + size - 1;
      index.push(rows * (2 * size - 1) + columns);
    }
  return Int32Array.from(index);
}

/** What holds the weights: `w_msa`. */
class WindowMSA extends Module {
  private readonly table: Parameter<tf.Rank.R2>;
  private readonly index: Int32Array;
  private readonly qkv: Linear;
  private readonly proj: Linear;
  private readonly projDrop: Dropout;

  constructor(private readonly config: WindowAttentionConfig) {
    super();
    const { embedDims, numHeads, windowSize, qkvBias = true, projDropRate = 0 } = config;
    this.index = relativeIndex(windowSize);
    this.table = this.addParameter('relative_position_bias_table', [(2 * windowSize - 1) ** 2, numHeads], zeros);
    // only for checkpoints: a function of the window's size
    this.addBuffer('relative_position_index', [windowSize ** 2, windowSize ** 2], () => this.index, 'int32');
    const linear = (outFeatures: number, bias: boolean) =>
      new Linear({ inFeatures: embedDims, outFeatures, bias, init: truncatedNormal(0.02), biasInit: zeros });
    this.qkv = this.addChild('qkv', linear(3 * embedDims, qkvBias));
    this.proj = this.addChild('proj', linear(embedDims, true));
    this.projDrop = this.addChild('proj_drop', new Dropout({ type: 'Dropout', drop_prob: projDropRate }));
  }

  /** windows [B * windows, L, C] and a mask [windows, 1, L, L] or none -> [B * windows, L, C]. */
  forward(windows: tf.Tensor3D, mask?: tf.Tensor4D): tf.Tensor3D {
    return tf.tidy(() => {
      const { numHeads: heads, qkScale, attnDropRate = 0 } = this.config;
      const [count, length] = windows.shape;
      const bias = tf.gather(this.table.variable, tf.tensor1d(this.index, 'int32'));
      let added: tf.Tensor = tf.transpose(bias, [1, 0]).reshape([1, heads, length, length]);
      if (mask) added = tf.tile(tf.add(added, mask), [count / mask.shape[0], 1, 1, 1]);
      const [q, k, v] = tf.split<tf.Tensor3D>(this.qkv.forward(windows), 3, 2);
      const dropout = this.training ? attnDropRate : 0;
      const seed = dropout > 0 ? stepRandom().uint32() >>> 1 : 0;
      const options = { heads, mask: added, scale: qkScale || undefined, dropout, seed };
      return this.projDrop.forward(this.proj.forward(attention(q, k, v, options)));
    });
  }
}

export class WindowAttention extends Module {
  private readonly msa: WindowMSA;
  private readonly drop: Dropout;
  private readonly window: number;
  private readonly shift: number;

  constructor(config: WindowAttentionConfig) {
    super();
    this.window = config.windowSize;
    this.shift = config.shiftSize;
    this.msa = this.addChild('w_msa', new WindowMSA(config));
    this.drop = this.addChild('drop', new Dropout({ type: 'DropPath', drop_prob: config.dropPathRate ?? 0 }));
  }

  /** [B, H, W, C] -> the same shape. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const { window: size, shift } = this;
      const attrs = { size, shift };
      const windows = composite({ name: 'WindowPartition', inputs: { x }, attrs }, () => partition(x, size, shift));
      const mask =
        shift > 0
          ? composite({ name: 'WindowShiftMask', inputs: { x }, attrs }, () => shiftMask(x.shape, size, shift))
          : undefined;
      const attended = this.msa.forward(windows, mask);
      const join = () => joinWindows(attended, x.shape, size, shift);
      return this.drop.forward(composite({ name: 'WindowJoin', inputs: { attended, x }, attrs }, join));
    });
  }
}

/** Height and width in whole windows. */
const whole = ([, h, w]: number[], size: number): number[] => [h, w].map((length) => Math.ceil(length / size) * size);

/** [B, H, W, C] -> [B * windows, size * size, C], with zeros after the last row and column. */
function partition(x: tf.Tensor4D, size: number, shift: number): tf.Tensor3D {
  const [b, h, w, c] = x.shape;
  const [height, width] = whole(x.shape, size);
  const padded: tf.Tensor4D =
    height === h && width === w
      ? x
      : tf.pad4d(x, [
          [0, 0],
          [0, height - h],
          [0, width - w],
          [0, 0],
        ]);
  const rolled = shift > 0 ? roll(padded, shift) : padded;
  const cells = rolled.reshape([b, height / size, size, width / size, size, c]);
  return tf.transpose(cells, [0, 1, 3, 2, 4, 5]).reshape<tf.Tensor3D>([-1, size * size, c]);
}

/** Back to a map of `shape`. */
function joinWindows(
  windows: tf.Tensor3D,
  shape: [number, number, number, number],
  size: number,
  shift: number,
): tf.Tensor4D {
  const [b, h, w, c] = shape;
  const [height, width] = whole(shape, size);
  const cells = windows.reshape([b, height / size, width / size, size, size, c]);
  const joined: tf.Tensor4D = tf.transpose(cells, [0, 1, 3, 2, 4, 5]).reshape([b, height, width, c]);
  const back = shift > 0 ? roll(joined, -shift) : joined;
  return height === h && width === w ? back : tf.slice4d(back, [0, 0, 0, 0], shape);
}

/** The first `count` rows and columns go to the end (negative: the last ones to the start). */
function roll(x: tf.Tensor4D, count: number): tf.Tensor4D {
  return [1, 2].reduce((y, axis) => {
    const length = y.shape[axis];
    const at = (((count % length) + length) % length) as number;
    const [first, rest] = tf.split<tf.Tensor4D>(y, [at, length - at], axis);
    return tf.concat([rest, first], axis);
  }, x);
}

/** -100 for two pixels of a window that lay apart before the roll, else 0: [windows, 1, L, L]. */
function shiftMask(shape: number[], size: number, shift: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [height, width] = whole(shape, size);
    const part = (at: number, length: number) => (at < length - size ? 0 : at < length - shift ? 1 : 2);
    const parts = Float32Array.from(
      { length: height * width },
      (_, i) => 3 * part(Math.floor(i / width), height) + part(i % width, width),
    );
    const cells = tf.tensor(parts, [height / size, size, width / size, size]);
    const windows = tf.transpose(cells, [0, 2, 1, 3]).reshape([-1, size * size]);
    const apart = tf.notEqual(tf.expandDims(windows, 1), tf.expandDims(windows, 2));
    return tf.mul(tf.cast(apart, 'float32'), -100).expandDims<tf.Tensor4D>(1);
  });
}
