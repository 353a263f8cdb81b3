// DetConv2D of the torch engine against compositions of plain tfjs operations, forward and gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { closeTo, outcomeOf, runKernel, values, weigh } from '../../engine/torch/parity';
import { type Act, activated, agree, type Named } from './agreement';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type T4 = tf.Tensor4D;
describe('DetConv2D', () => {
  // oneDNN's own gradient of this filter loses a thread's share of the sum now and then
  it('gives the same gradient of a strided 1x1 filter every time', () => {
    tf.tidy(() => {
      const x = values([2, 16, 24, 4], 1);
      const attrs = { strides: [2, 2], padding: [0, 0], dilations: [1, 1], groups: 1, activation: 'linear' };
      const gradient = tf.grad((filter) => weigh(runKernel<T4>('DetConv2D', { x, filter }, attrs)));
      const filter = values([1, 1, 4, 8], 2);
      const first = [...gradient(filter).dataSync()];
      for (let i = 0; i < 300; i++) expect([...tf.tidy(() => gradient(filter)).dataSync()]).toEqual(first);
    });
  });

  const attrs = (over: object = {}) => ({
    strides: [1, 1],
    padding: [1, 1],
    dilations: [1, 1],
    groups: 1,
    activation: 'linear',
    ...over,
  });
  const plain =
    (stride: number | [number, number], pad: number | 'valid', dilation = 1) =>
    (t: Named, act: Act = 'linear') => {
      const filter = t.scale ? tf.mul(t.filter, t.scale) : t.filter;
      let y: tf.Tensor = tf.conv2d(t.x as T4, filter as T4, stride, pad, 'NHWC', dilation);
      if (t.bias) y = tf.add(y, t.bias);
      if (t.residual) y = tf.add(y, t.residual);
      return activated(y, act);
    };
  const x = () => values([2, 9, 11, 5], 1);
  const filter = () => values([3, 3, 5, 7], 2);
  const vectors = () => ({ bias: values([7], 3), scale: tf.add(values([7], 4), 1.5) });

  const cases: Record<string, [Named, object, number, number, Act]> = {};
  beforeAll(() => {
    Object.assign(cases, {
      plain: [{ x: x(), filter: filter() }, {}, 1, 1, 'linear'],
      'bias and relu': [{ x: x(), filter: filter(), bias: values([7], 3) }, { activation: 'relu' }, 1, 1, 'relu'],
      'scale and bias': [{ x: x(), filter: filter(), ...vectors() }, {}, 1, 1, 'linear'],
      everything: [
        { x: x(), filter: filter(), ...vectors(), residual: values([2, 9, 11, 7], 5) },
        { activation: 'relu' },
        1,
        1,
        'relu',
      ],
      'stride 2': [
        { x: x(), filter: filter(), ...vectors(), residual: values([2, 5, 6, 7], 5) },
        { strides: [2, 2], activation: 'relu' },
        2,
        1,
        'relu',
      ],
      silu: [
        { x: x(), filter: filter(), ...vectors(), residual: values([2, 9, 11, 7], 5) },
        { activation: 'silu' },
        1,
        1,
        'silu',
      ],
      'no padding, 1x1': [
        { x: x(), filter: values([1, 1, 5, 7], 2), ...vectors() },
        { padding: [0, 0], activation: 'relu' },
        1,
        0,
        'relu',
      ],
    });
  });
  for (const name of ['plain', 'bias and relu', 'scale and bias', 'everything', 'stride 2', 'silu', 'no padding, 1x1'])
    it(`${name}: output and every gradient`, () => {
      const [inputs, over, stride, pad, act] = cases[name];
      agree(
        inputs,
        (t) => runKernel('DetConv2D', t, attrs(over)),
        (t) => plain(stride, pad)(t, act),
      );
    });

  // libtorch's convolution of small maps cannot differentiate by such a filter in channels_last memory
  it('one output channel on a small map: output and every gradient', () => {
    agree(
      { x: values([1, 2, 2, 16], 1), filter: values([3, 3, 16, 1], 2), bias: values([1], 3) },
      (t) => runKernel('DetConv2D', t, attrs()),
      (t) => plain(1, 1)(t),
    );
  });

  // wide enough for Winograd's form; neither the channels nor the sizes are whole multiples of its vectors and tiles
  for (const [padding, activation, height, width, channels] of [
    [0, 'linear', 45, 38, 52],
    [1, 'relu', 45, 38, 52],
    [2, 'silu', 45, 38, 52],
    // few tiles, whose filter's form is made panel by panel and in chunks of input channels
    [1, 'relu', 18, 14, 70],
  ] as [number, Act, number, number, number][])
    it(`${channels} channels of ${height} x ${width}, padding ${padding}, ${activation}: output and every gradient`, () => {
      const named: Named = {
        x: values([2, height, width, channels], 1),
        filter: tf.mul(values([3, 3, channels, 60], 2), 0.1),
        bias: values([60], 3),
        scale: tf.add(values([60], 4), 1.5),
        ...(padding === 1 ? { residual: values([2, height, width, 60], 5) } : {}),
      };
      agree(
        named,
        (t) => runKernel('DetConv2D', t, attrs({ padding: [padding, padding], activation })),
        (t) => {
          const { x, ...rest } = t;
          const padded = tf.pad(x, [
            [0, 0],
            [padding, padding],
            [padding, padding],
            [0, 0],
          ]);
          return plain(1, 0)({ x: padded, ...rest }, activation);
        },
      );
      const frozen = () => runKernel<tf.Tensor>('DetConv2D', named, attrs({ padding: [padding, padding], activation }));
      const [first, second, third] = [frozen(), frozen(), frozen()].map((t) => Array.from(t.dataSync()));
      expect(second, 'a kept filter gives the same bits').toEqual(first);
      expect(third).toEqual(first);
    });

  // the filter gradient is a sum over gathered rows; neither channels nor sizes are whole multiples of its panels and blocks
  for (const [kernel, padding, dilation] of [
    [3, 1, 1],
    [3, 2, 2],
    [1, 0, 1],
  ])
    it(`many channels, stride 2, ${kernel}x${kernel}, dilation ${dilation}: output and every gradient`, () => {
      agree(
        {
          x: values([2, 33, 47, 21], 1),
          filter: tf.mul(values([kernel, kernel, 21, 37], 2), 0.2),
          bias: values([37], 3),
        },
        (t) =>
          runKernel(
            'DetConv2D',
            t,
            attrs({ strides: [2, 2], padding: [padding, padding], dilations: [dilation, dilation] }),
          ),
        (t) => {
          const { x, ...rest } = t;
          const edge: [number, number] = [padding, padding];
          const padded = tf.pad(x, [[0, 0], edge, edge, [0, 0]]);
          // TensorFlow.js has no stride with a dilation: every second of the outputs without a stride
          return dilation === 1
            ? plain(2, 0)({ x: padded, ...rest })
            : tf.stridedSlice(
                plain(1, 0, dilation)({ x: padded, ...rest }),
                [0, 0, 0, 0],
                [2, 33, 47, 37],
                [1, 2, 2, 1],
              );
        },
      );
    });

  // rows of pixels between zeros: an image's three channels, strides that differ, a slice of channels that is read where it is
  for (const [kernel, strides, padding, channels, activation] of [
    [7, [2, 2], 3, 3, 'silu'],
    [3, [2, 1], 1, 10, 'relu'],
    [5, [1, 3], 0, 17, 'linear'],
  ] as [number, [number, number], number, number, Act][])
    it(`${kernel}x${kernel} of ${channels} channels, strides ${strides}: output and every gradient`, () => {
      const size = (length: number, stride: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
      const named: Named = {
        x: values([2, 31, 37, channels + 4], 1),
        filter: tf.mul(values([kernel, kernel, channels, 37], 2), 0.2),
        bias: values([37], 3),
        scale: tf.add(values([37], 4), 1.5),
        residual: values([2, size(31, strides[0]), size(37, strides[1]), 37], 5),
      };
      const part = (t: Named) => ({ ...t, x: tf.slice(t.x, [0, 0, 0, 1], [2, 31, 37, channels]) });
      const padded = (t: Named) => ({
        ...t,
        x: tf.pad(t.x, [
          [0, 0],
          [padding, padding],
          [padding, padding],
          [0, 0],
        ]),
      });
      const direct = (t: Named) =>
        runKernel<tf.Tensor>('DetConv2D', part(t), attrs({ strides, padding: [padding, padding], activation }));
      agree(named, direct, (t) => plain(strides, 'valid')(padded(part(t)), activation));
      const [first, second, third] = [direct(named), direct(named), direct(named)].map((t) => Array.from(t.dataSync()));
      expect(second, 'a kept filter gives the same bits').toEqual(first);
      expect(third).toEqual(first);
    });

  it('dilation', () => {
    agree(
      { x: x(), filter: filter() },
      (t) => runKernel('DetConv2D', t, attrs({ dilations: [2, 2], padding: [2, 2] })),
      (t) => plain(1, 2, 2)(t),
    );
  });

  it('groups', () => {
    agree(
      { x: values([1, 6, 6, 4], 1), filter: values([3, 3, 2, 6], 2) },
      (t) => runKernel('DetConv2D', t, attrs({ groups: 2 })),
      (t) => {
        const xs = tf.split(t.x, 2, 3) as T4[];
        const filters = tf.split(t.filter, 2, 3) as T4[];
        return tf.concat(
          xs.map((part, i) => tf.conv2d(part, filters[i], 1, 1)),
          3,
        );
      },
    );
  });

  it('leaves its inputs as they were', () => {
    const inputs = { x: x(), filter: filter(), residual: values([2, 9, 11, 7], 5) };
    const before = Object.values(inputs).map(outcomeOf);
    tf.grads((a, b, c) =>
      weigh(runKernel('DetConv2D', { x: a, filter: b, residual: c }, attrs({ activation: 'relu' }))),
    )(Object.values(inputs));
    runKernel('DetConv2D', inputs, attrs({ activation: 'relu' }));
    expect(Object.values(inputs).map(outcomeOf)).toEqual(before);
  });

  it('has second derivatives in nested gradients', () => {
    const second = (f: (t: tf.Tensor) => tf.Tensor) =>
      outcomeOf(tf.grad((t) => tf.sum(tf.square(tf.grad((u) => tf.sum(tf.square(f(u))))(t))))(x()));
    const w = filter();
    const scale = tf.add(values([7], 4), 1.5);
    closeTo(
      second((t) => runKernel('DetConv2D', { x: t, filter: w, scale }, attrs({ activation: 'relu' }))),
      second((t) => plain(1, 1)({ x: t, filter: w, scale }, 'relu')),
      1e-4,
    );
  });

  it('follows a variable that is assigned', () => {
    const v = tf.variable(filter());
    const image = x();
    const first = outcomeOf(runKernel('DetConv2D', { x: image, filter: v }, attrs()));
    v.assign(tf.mul(v, 2));
    const twice = outcomeOf(runKernel('DetConv2D', { x: image, filter: v }, attrs()));
    closeTo(twice, { ...first, data: first.data.map((value) => value * 2) }, 1e-5);
    v.dispose();
  });

  it('never serves a prepared filter that is out of date', async () => {
    const engine = await startEngine();
    const image = x();
    const v = tf.variable(filter());
    let scale: tf.Tensor = tf.add(values([7], 4), 1.5);
    const check = () => {
      // called three times: seen, prepared, served
      const found = [0, 1, 2].map(() => outcomeOf(runKernel('DetConv2D', { x: image, filter: v, scale }, attrs())));
      const expected = outcomeOf(plain(1, 1)({ x: image, filter: v, scale }));
      for (const outcome of found) closeTo(outcome, expected, 1e-5);
    };
    check();
    engine.sgdStep([v], [tf.onesLike(v)], [], { lr: 0.1, momentum: 0, weightDecay: 0 });
    check();
    v.assign(tf.mul(v, -1));
    check();
    scale = tf.mul(scale, 2);
    check();
    // frozen in training: the input's gradient reads the prepared filter too
    agree(
      { x: image },
      (t) => runKernel('DetConv2D', { ...t, filter: v, scale }, attrs({ activation: 'relu' })),
      (t) => plain(1, 1)({ ...t, filter: v, scale }, 'relu'),
    );
    const grouped = tf.variable(values([3, 3, 2, 6], 2));
    const maps = values([1, 6, 6, 4], 1);
    const outcomes = [0, 1, 2].map(() =>
      outcomeOf(runKernel('DetConv2D', { x: maps, filter: grouped }, attrs({ groups: 2 }))),
    );
    closeTo(outcomes[2], outcomes[0], 1e-6);
    tf.dispose([v, grouped]);
  });

  it('refuses shapes that do not fit, by name', () => {
    expect(() => runKernel('DetConv2D', { x: x(), filter: values([3, 3, 4, 7], 2) }, attrs())).toThrow(
      /detConv2d.*groups/s,
    );
    expect(() => runKernel('DetConv2D', { x: x(), filter: filter(), bias: values([6], 2) }, attrs())).toThrow(
      /bias and scale/,
    );
    expect(() =>
      runKernel('DetConv2D', { x: x(), filter: filter(), residual: values([2, 9, 11, 6], 2) }, attrs()),
    ).toThrow(/residual/);
    expect(() => runKernel('DetConv2D', { x: x(), filter: filter() }, attrs({ activation: 'gelu' }))).toThrow(
      /activation/,
    );
  });
});
