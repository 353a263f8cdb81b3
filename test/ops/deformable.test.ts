import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { DeformConv2d, ModulatedDeformConv2d } from '../../src/nn';
import { buildConv } from '../../src/nn/build-conv';
import type { Module } from '../../src/nn/module';
import { deformAttention } from '../../src/ops/deform-attention';
import { deformConv2d } from '../../src/ops/deform-conv2d';
import { hasKernel } from '../../src/ops/kernel';
import { Random } from '../../src/random';
import { expectClose, goldenJson, maxDifference, nchw, nhwc, sgn } from '../golden-data';

interface Case {
  shape: number[];
  out: number[];
  grads: Record<string, number[]>;
}
interface Convolution extends Case {
  modulated: boolean;
  options: {
    kernel: number;
    deform_groups: number;
    spread: number;
    input: number[];
    padding?: number;
    stride?: number;
    dilation?: number;
    groups?: number;
  };
}
interface Pack extends Case {
  input: number[];
  out_channels: number;
  options: { deform_groups?: number; stride?: number; groups?: number; bias?: boolean };
  order: string[];
}
interface Attention extends Case {
  options: {
    n: number;
    queries: number;
    heads: number;
    width: number;
    points: number;
    shapes: [number, number][];
  };
}
const reference = goldenJson<{
  convolutions: Convolution[];
  packs: Record<string, Pack>;
  attentions: Attention[];
}>('deformable');

const KERNELS = ['DetDeformConv2D', 'DetDeformAttention'];

beforeAll(async () => void (await startEngine()));

/** Runs `f` as an engine without the kernels would. */
function onFallback(f: () => void): void {
  const backend = tf.getBackend();
  const configs = KERNELS.map((name) => tf.getKernel(name, backend)).filter((config) => config !== undefined);
  for (const { kernelName } of configs) tf.unregisterKernel(kernelName, backend);
  try {
    f();
  } finally {
    for (const config of configs) tf.registerKernel(config);
  }
}

/** There the torch engine composes both of ATen operations, as it does on other devices than the CPU. */
function nested(f: () => void): void {
  if (!hasKernel('DetDeformConv2D')) {
    f();
    return;
  }
  tf.tidy(() => {
    tf.grad((x) => {
      f();
      return tf.sum(tf.square(x));
    })(tf.ones([2]));
  });
}

function closeTo(actual: ArrayLike<number>, expected: number[], what: string): void {
  const largest = maxDifference(expected, new Float32Array(expected.length));
  expectClose(actual, expected, 1e-5 * Math.max(1, largest), what);
}

const torchFilter = (t: tf.Tensor) => tf.tidy(() => tf.transpose(t, [3, 2, 0, 1]).dataSync<'float32'>().slice());

/** Values and gradients of sum(f * g) against the stored ones, each input by its name, maps and filters in torch's order. */
function check(
  f: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  inputs: Record<string, tf.Tensor>,
  want: Case,
): void {
  const names = Object.keys(inputs);
  const image = want.shape.length === 4;
  const flat = (t: tf.Tensor) => (image ? nchw(t) : t.dataSync<'float32'>().slice());
  const run = () =>
    tf.tidy(() => {
      closeTo(flat(f(inputs)), want.out, 'output');
      const values = sgn('g', want.shape);
      const g = image ? nhwc({ shape: want.shape, data: values }) : tf.tensor(values, want.shape);
      const loss = (...leaves: tf.Tensor[]) =>
        tf.sum(tf.mul(f(Object.fromEntries(names.map((n, i) => [n, leaves[i]]))), g)) as tf.Scalar;
      const grads = tf.grads(loss)(names.map((n) => inputs[n]));
      for (const [i, name] of names.entries()) {
        const found =
          name === 'weight'
            ? torchFilter(grads[i])
            : image && grads[i].rank === 4
              ? nchw(grads[i])
              : grads[i].dataSync();
        closeTo(found, want.grads[name], `gradient of ${name}`);
      }
    });
  run();
  const before = tf.memory().numTensors;
  run();
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}

function convolutionInputs({ modulated, options, grads, shape }: Convolution): Record<string, tf.Tensor> {
  const [n, cin, h, w] = options.input;
  const { kernel, groups = 1, deform_groups: parts, spread } = options;
  const [, outputs, height, width] = shape;
  const filter = sgn('w', [outputs, cin / groups, kernel, kernel]);
  const taps = kernel * kernel * parts;
  const inputs: Record<string, tf.Tensor> = {
    x: nhwc({ shape: [n, cin, h, w], data: sgn('x', [n, cin, h, w]) }),
    offset: nhwc({
      shape: [n, 2 * taps, height, width],
      data: sgn('o', [n, 2 * taps, height, width], spread, 0.013),
    }),
    weight: tf.tidy(() => tf.transpose(tf.tensor4d(filter, [outputs, cin / groups, kernel, kernel]), [2, 3, 1, 0])),
  };
  if (modulated) {
    const maskShape = [n, taps, height, width];
    inputs.mask = nhwc({ shape: maskShape, data: sgn('m', maskShape, 0.5, 0.5) });
    inputs.bias = tf.tensor1d(sgn('b', [outputs]));
  }
  expect(Object.keys(inputs).sort()).toEqual(Object.keys(grads).sort());
  return inputs;
}

function checkConvolution(want: Convolution): void {
  const { padding = 0, stride = 1, dilation = 1, groups, deform_groups: deformGroups } = want.options;
  const inputs = convolutionInputs(want);
  check(
    ({ x, offset, weight, mask, bias }) =>
      deformConv2d(x as tf.Tensor4D, offset as tf.Tensor4D, weight as tf.Tensor4D, {
        strides: [stride, stride],
        padding: [padding, padding],
        dilations: [dilation, dilation],
        groups,
        deformGroups,
        mask: mask as tf.Tensor4D | undefined,
        bias,
      }),
    inputs,
    want,
  );
  tf.dispose(inputs);
}

function checkAttention(want: Attention): void {
  const { n, queries, heads, width, points, shapes } = want.options;
  const area = shapes.reduce((sum, [h, w]) => sum + h * w, 0);
  const samples = heads * shapes.length * points;
  const value = [n, area, heads * width];
  const inputs = {
    value: tf.tensor(sgn('v', value), value),
    locations: tf.tensor(sgn('l', [n, queries, samples, 2], 0.62, 0.5), [n, queries, samples, 2]),
    weights: tf.tensor(sgn('a', [n, queries, samples]), [n, queries, samples]),
  };
  check(
    (given) =>
      deformAttention(given.value as tf.Tensor3D, given.locations as tf.Tensor4D, given.weights as tf.Tensor3D, {
        shapes,
        heads,
        points,
      }),
    inputs,
    want,
  );
  tf.dispose(inputs);
}

describe.each(reference.convolutions.map((want) => [JSON.stringify([want.modulated, want.options]), want] as const))(
  'deformable convolution %s',
  (_, want) => {
    test('on the engine', () => checkConvolution(want));
    test('on the fallback', () => onFallback(() => checkConvolution(want)));
    test('inside another gradient', () => nested(() => checkConvolution(want)));
  },
);

describe.each(reference.attentions.map((want) => [JSON.stringify(want.options), want] as const))(
  'deformable attention %s',
  (_, want) => {
    test('on the engine', () => checkAttention(want));
    test('on the fallback', () => onFallback(() => checkAttention(want)));
    test('inside another gradient', () => nested(() => checkAttention(want)));
  },
);

describe.each(Object.entries(reference.packs))('layer %s', (name, want) => {
  const type = name.split(' ')[0] as 'DCN' | 'DCNv2';
  const { deform_groups, stride, groups, bias } = want.options;
  const build = () =>
    buildConv(deform_groups ? { type, deform_groups } : { type }, {
      inChannels: want.input[1],
      outChannels: want.out_channels,
      kernelSize: 3,
      padding: 1,
      stride,
      groups,
      bias: type === 'DCN' ? false : bias,
    });
  test('equals mmcv with the offsets it predicts', () => {
    const layer = build();
    const state = layer.stateDict();
    expect([...state.keys()]).toEqual(want.order);
    for (const [key, tensor] of state) state.set(key, { ...tensor, data: sgn(key, tensor.shape, 0.3) });
    layer.loadStateDict(state);
    const x = nhwc({ shape: want.input, data: sgn('x', want.input) });
    closeTo(nchw(layer.forward(x)), want.out, 'output');
    const variables = layer.trainable().map(([, p]) => p.variable);
    const g = nhwc({ shape: want.shape, data: sgn('g', want.shape) });
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(layer.forward(x), g)) as tf.Scalar, variables);
    for (const [key, p] of layer.named()) {
      const grad = grads[p.variable.name];
      const found = grad.rank === 4 ? torchFilter(grad) : grad.dataSync();
      closeTo(found, want.grads[key], `gradient of ${key}`);
    }
    layer.dispose();
  });

  test('starts as a plain convolution', () => {
    const layer: Module = build();
    layer.initWeights(Random.seeded(1));
    const state = layer.stateDict();
    const largest = (key: string) => Math.max(...(state.get(key)?.data ?? [0]).map(Math.abs));
    expect(largest('conv_offset.weight') + largest('conv_offset.bias') + largest('bias')).toBe(0);
    const perOutput = (want.input[1] / (groups ?? 1)) * 9;
    const bound = type === 'DCN' ? Math.sqrt(6 / perOutput) : 1 / Math.sqrt(want.input[1] * 9);
    expect(largest('weight')).toBeLessThanOrEqual(bound * 1.000001);
    expect(largest('weight')).toBeGreaterThan(bound * 0.9);
    layer.dispose();
  });
});

test('bare layers take offsets from outside; v1 pads a map smaller than its filter', () => {
  tf.tidy(() => {
    const v1 = new DeformConv2d({ inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1 });
    v1.initWeights(Random.seeded(2));
    expect(v1.forward(tf.ones([1, 2, 2, 2]), tf.zeros([1, 2, 2, 18])).shape).toEqual([1, 2, 2, 3]);
    const v2 = new ModulatedDeformConv2d({ inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1 });
    v2.initWeights(Random.seeded(2));
    expect([...v2.named()].map(([name]) => name)).toEqual(['weight', 'bias']);
    const x = tf.randomUniform<tf.Rank.R4>([1, 4, 4, 2]);
    const whole = v2.forward(x, tf.zeros([1, 4, 4, 18]), tf.ones([1, 4, 4, 9]));
    const half = v2.forward(x, tf.zeros([1, 4, 4, 18]), tf.fill([1, 4, 4, 9], 0.5));
    expectClose(tf.mul(half, 2).dataSync(), whole.dataSync(), 1e-6);
    v1.dispose();
    v2.dispose();
  });
});

test('a shape that does not fit names what was expected', () => {
  tf.tidy(() => {
    const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 4]);
    const filter = tf.zeros<tf.Rank.R4>([3, 3, 4, 2]);
    const offset = tf.zeros<tf.Rank.R4>([1, 4, 4, 18]);
    expect(() => deformConv2d(x, tf.zeros([1, 4, 4, 9]), filter, { padding: [1, 1] })).toThrow(
      /expected an offset of shape \[1,4,4,18\], received \[1,4,4,9\]/,
    );
    expect(() => deformConv2d(x, offset, filter, { padding: [1, 1], mask: offset })).toThrow(/a mask of shape/);
    expect(() => deformConv2d(x, offset, filter, { deformGroups: 3 })).toThrow(
      /divisible by deformGroups 3, received 4/,
    );
    expect(() => deformConv2d(tf.zeros([1, 2, 2, 4]), offset, filter)).toThrow(/smaller than the filter/);
    expect(() => buildConv({ type: 'DCN' }, { inChannels: 4, outChannels: 4, kernelSize: 3, bias: true })).toThrow(
      /DCN with a bias/,
    );
    const options = { shapes: [[2, 2]] as [number, number][], heads: 2, points: 1 };
    expect(() => deformAttention(tf.zeros([1, 5, 4]), tf.zeros([1, 1, 2, 2]), tf.zeros([1, 1, 2]), options)).toThrow(
      /expected 4 values per image, received 5/,
    );
    expect(() => deformAttention(tf.zeros([1, 4, 4]), tf.zeros([1, 1, 2, 2]), tf.zeros([1, 1, 3]), options)).toThrow(
      /expected weights \[1, Q, 2\]/,
    );
  });
});
