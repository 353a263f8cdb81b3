// 1x1 convolutions of one map and of several that are read as one: against joining them and plain tfjs operations.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engine, startEngine } from '../../../src/engine';
import { conv2d } from '../../../src/ops/conv2d';
import { joinMaps } from '../../../src/ops/join-maps';
import { closeTo, outcomeOf, values, weigh } from '../../engine/torch/parity';
import { type Act, activated, agree, type Named } from './agreement';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
/** Sizes [N, H, W, C] of the maps, and the filter's output channels. */
const CASES: Record<string, [sizes: [number, number, number, number][], channels: number, Act]> = {
  'one map': [[[2, 9, 7, 34]], 50, 'silu'],
  'one row of pixels, few channels': [[[1, 1, 5, 2]], 4, 'relu'],
  'two maps': [
    [
      [2, 6, 10, 16],
      [2, 6, 10, 40],
    ],
    18,
    'relu',
  ],
  'maps of half the size, first, between and last': [
    [
      [2, 3, 5, 8],
      [2, 6, 10, 6],
      [2, 3, 5, 4],
      [2, 6, 10, 2],
      [2, 3, 5, 34],
    ],
    70,
    'silu',
  ],
};

/** A convolution of all channels, from maps joined by tfjs. */
function composed(maps: tf.Tensor[], t: Named, act: Act): tf.Tensor {
  const height = Math.max(...maps.map((map) => map.shape[1] as number));
  const same = maps.map((map) => {
    const [n, h, w, c] = map.shape as [number, number, number, number];
    if (h === height) return map;
    return tf.tile(map.reshape([n, h, 1, w, 1, c]), [1, 1, 2, 1, 2, 1]).reshape([n, 2 * h, 2 * w, c]);
  });
  const pixels = tf.concat(same, 3);
  const [n, h, w, c] = pixels.shape as [number, number, number, number];
  const filter = tf.mul(t.filter, t.scale).reshape([c, -1]);
  const y = tf.add(tf.matMul(pixels.reshape([-1, c]), filter as tf.Tensor2D).reshape([n, h, w, -1]), t.bias);
  return activated(tf.add(y, t.residual), act);
}

describe.each(Object.entries(CASES))('%s', (_, [sizes, channels, act]) => {
  const inputs = (): Named => {
    const depth = sizes.reduce((sum, size) => sum + size[3], 0);
    const height = Math.max(...sizes.map((size) => size[1]));
    const [n, , width] = sizes.find((size) => size[1] === height)!;
    const maps = Object.fromEntries(sizes.map((size, k) => [`map${k}`, values(size, k + 1)]));
    return {
      ...maps,
      filter: values([1, 1, depth, channels], 11),
      bias: values([channels], 12),
      scale: tf.add(values([channels], 13), 1.5),
      residual: values([n, height, width, channels], 14),
    };
  };
  const mapsOf = (t: Named) => sizes.map((_size, k) => t[`map${k}`] as T4);
  const convolved = (activation: Act) => (t: Named) => {
    const { bias, scale, residual } = t;
    return conv2d(mapsOf(t), t.filter as T4, { bias, scale, residual: residual as T4, activation });
  };

  it('equals a product of the joined maps, and so do the gradients', () => {
    tf.tidy(() => agree(inputs(), convolved(act), (t) => composed(mapsOf(t), t, act)));
  });

  it('in bfloat16, up to the rounding of operands and result', () => {
    tf.tidy(() => {
      const actual = convolved(act === 'relu' ? 'linear' : act); // rounding may change the side of a kink
      const t = inputs();
      const list = Object.values(t);
      const named = (all: tf.Tensor[]) => Object.fromEntries(Object.keys(t).map((name, k) => [name, all[k]]));
      const low = engine().autocast('bfloat16', () => {
        const gradients = tf.grads((...all) => weigh(tf.cast(actual(named(all)), 'float32')))(list);
        return [actual(t), ...gradients].map((y) => tf.cast(y, 'float32'));
      });
      const exact = [actual(t), ...tf.grads((...all) => weigh(actual(named(all))))(list)];
      for (const [k, y] of low.entries()) {
        const difference = tf.max(tf.abs(tf.sub(y, exact[k]))).dataSync()[0];
        expect(difference / tf.max(tf.abs(exact[k])).dataSync()[0]).toBeLessThan(0.05);
      }
    });
  });
});

// with as many pixels a filter of evaluation is packed panel by panel at each call, with fewer it is kept packed
it.each([
  [14, 12, [1, 1]],
  [27, 23, [2, 2]],
  [5, 4, [1, 1]],
] as [number, number, [number, number]][])(
  '%d x %d pixels: a filter that is used again gives the same bits',
  (height, width, strides) => {
    tf.tidy(() => {
      const maps = (strides[0] === 1 ? [34, 18] : [52]).map(
        (channels, k) => values([2, height, width, channels], k) as T4,
      );
      const out = [2, Math.ceil(height / strides[0]), Math.ceil(width / strides[1]), 50];
      const filter = values([1, 1, 52, 50], 11) as T4;
      const options = { bias: values([50], 12), scale: tf.add(values([50], 13), 1.5), residual: values(out, 14) as T4 };
      const first = Array.from(conv2d(maps, filter, { ...options, strides, activation: 'silu' }).dataSync());
      for (let k = 0; k < 3; k++)
        expect(Array.from(conv2d(maps, filter, { ...options, strides, activation: 'silu' }).dataSync())).toEqual(first);
    });
  },
);

it('reads slices of channels where they are', () => {
  tf.tidy(() => {
    const whole = values([2, 6, 5, 48], 1) as T4;
    const filter = values([1, 1, 32, 20], 2) as T4;
    const [first, , last] = tf.split<T4>(whole, 3, 3);
    const y = conv2d([last, first], filter);
    closeTo(outcomeOf(y), outcomeOf(conv2d(joinMaps([tf.clone(last), tf.clone(first)]), filter)), 1e-6);
  });
});

it('passes NaN on and keeps it out of other pixels', () => {
  tf.tidy(() => {
    const x = tf.buffer([1, 4, 4, 8], 'float32');
    x.set(Number.NaN, 0, 1, 2, 3);
    for (const activation of ['linear', 'relu', 'silu'] as const) {
      const y = conv2d(x.toTensor() as T4, tf.ones([1, 1, 8, 33]), { activation }).arraySync();
      expect(y[0].flat().map((pixel) => pixel.some(Number.isNaN))).toEqual(
        Array.from({ length: 16 }, (_, k) => k === 6),
      );
      expect(y[0][1][2].every(Number.isNaN)).toBe(true);
    }
  });
});

it('refuses maps that are neither of one size nor of half of it', () => {
  tf.tidy(() => {
    const maps = [tf.ones<tf.Rank.R4>([1, 6, 6, 2]), tf.ones<tf.Rank.R4>([1, 2, 2, 2])];
    expect(() => conv2d(maps, tf.ones([1, 1, 4, 4]))).toThrow(/of half of it/);
  });
});
