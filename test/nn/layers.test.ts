import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { ConvModule } from '../../src/nn/conv-module';
import { convNorm } from '../../src/nn/conv-norm';
import { Conv2d } from '../../src/nn/conv2d';
import { GroupNorm } from '../../src/nn/group-norm';
import { type ActCfg, buildActivation, buildNorm } from '../../src/nn/layer-options';
import { Linear } from '../../src/nn/linear';
import { assignState, type Module, type Parameter } from '../../src/nn/module';
import { ModuleList, Sequential } from '../../src/nn/module-list';
import { Random } from '../../src/random';
import { expectClose, fillByFormula, goldenJson, nchw, nhwc, sgn } from '../golden-data';

interface Case {
  shape: number[];
  out: number[];
  grads: number[][];
}
const torch = goldenJson<Record<string, Case>>('layers');
const map = (name: string, shape: number[], scale = 1) => nhwc({ shape, data: sgn(name, shape, scale) });
const set = (p: Parameter, shape: number[], data: Float32Array) => assignState(p, { shape, data, dtype: 'float32' });
const data = (p: Parameter) => p.variable.dataSync<'float32'>().slice();

beforeAll(async () => void (await startEngine()));

test('batch norm in training: values, gradients and running statistics of Python torch', () => {
  const want =
    goldenJson<Record<string, Record<string, number[]> & { grads: number[][]; batches: number }>>(
      'layers',
    ).batch_norm_train;
  const bn = new BatchNorm2d({ channels: 5 }).train();
  bn.initWeights(Random.seeded(1));
  set(bn.weight, [5], sgn('w', [5], 0.1, 1));
  set(bn.bias, [5], sgn('b', [5], 0.1));
  const shape = [2, 5, 3, 4];
  const inputs = [map('x', shape), map('r', shape), map('g', shape), map('x2', shape)] as const;
  const [x, residual, g, x2] = inputs;
  const { grads } = tf.variableGrads(() => {
    const y = bn.forward(x, { residual, activation: 'relu' });
    expectClose(nchw(y), want.out, 1e-5, 'forward');
    return tf.sum(tf.mul(y, g));
  }, [bn.weight.variable, bn.bias.variable]);
  expectClose(grads[bn.weight.variable.name].dataSync(), want.grads[1], 2e-5, 'weight gradient');
  expectClose(grads[bn.bias.variable.name].dataSync(), want.grads[2], 2e-5, 'bias gradient');
  tf.dispose(grads);
  expectClose(data(bn.runningMean), want.running_mean, 1e-6, 'running mean');
  expectClose(data(bn.runningVar), want.running_var, 1e-6, 'running variance');
  const before = tf.memory().numTensors;
  tf.tidy(() => void bn.forward(x2));
  expect(tf.memory().numTensors).toBe(before);
  expectClose(data(bn.runningMean), want.running_mean_2, 1e-6, 'running mean after two');
  expectClose(data(bn.runningVar), want.running_var_2, 1e-6, 'running variance after two');
  expect([...bn.batches.variable.dataSync()]).toEqual([want.batches]);
  tf.dispose([...inputs]);
  bn.dispose();
});

describe('convNorm', () => {
  const build = (requiresGrad: boolean, bias = false) => {
    const conv = new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1, stride: 2, bias });
    const norm = new BatchNorm2d({ channels: 4, requiresGrad });
    fillByFormula(conv, 'conv.');
    fillByFormula(norm, 'norm.');
    return { conv, norm };
  };

  test.each([false, true])('folded equals one after the other (convolution bias %s), gradients too', (bias) => {
    const { conv, norm } = build(true, bias);
    const x = map('x', [2, 3, 5, 6]);
    const residual = map('r', [2, 4, 3, 3]);
    const variables = [conv.weight, norm.weight, norm.bias, ...(conv.bias ? [conv.bias] : [])].map((p) => p.variable);
    const run = (f: () => tf.Tensor) =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => tf.sum(tf.square(f())) as tf.Scalar, variables);
        return [value.dataSync().slice(), ...variables.map((v) => grads[v.name].dataSync().slice())];
      });
    const folded = run(() => convNorm(conv, norm, x, { residual, activation: 'relu' }));
    const apart = run(() => norm.forward(conv.forward(x), { residual, activation: 'relu' }));
    for (const [i, values] of folded.entries()) {
      const largest = Math.max(...apart[i].map(Math.abs));
      expectClose(values, apart[i], 2e-5 * largest, `value or gradient ${i}`);
    }
    tf.dispose([x, residual]);
    conv.dispose();
    norm.dispose();
  });

  test('a frozen norm is folded once and again when a tensor is assigned; nothing is left after dispose', () => {
    const start = tf.memory().numTensors;
    const { conv, norm } = build(false);
    const x = map('x', [1, 3, 4, 4]);
    const once = () => tf.tidy(() => nchw(convNorm(conv, norm, x)));
    const first = once();
    const affine = norm.affine();
    expect(norm.affine()).toBe(affine);
    const held = tf.memory().numTensors;
    expect(once()).toEqual(first);
    set(norm.runningMean, [4], new Float32Array(4).fill(3));
    expect(once()).not.toEqual(first);
    expect(affine.scale.isDisposed).toBe(true);
    expect(tf.memory().numTensors).toBe(held);
    norm.unfreeze();
    once();
    expect(tf.memory().numTensors).toBe(held - 2);
    tf.dispose(x);
    conv.dispose();
    norm.dispose();
    expect(tf.memory().numTensors).toBe(start);
  });
});

test('group norm', () => {
  const want = torch.group_norm;
  const gn = new GroupNorm({ channels: 6, groups: 3 });
  set(gn.weight, [6], sgn('w', [6], 0.1, 1));
  set(gn.bias, [6], sgn('b', [6], 0.1));
  tf.tidy(() => {
    const x = map('x', want.shape);
    const g = map('g', want.shape);
    expectClose(nchw(gn.forward(x)), want.out, 1e-5);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(gn.forward(t as tf.Tensor4D), g)))(x)), want.grads[0], 2e-5);
  });
  expect(() => new GroupNorm({ channels: 6, groups: 4 })).toThrow(/divisible by num_groups 4/);
  gn.dispose();
});

test('a linear layer behind a flattened map holds weights in H, W, C order and saves them in C, H, W', () => {
  const want = torch.linear_chw;
  const linear = new Linear({ inFeatures: 40, outFeatures: 6, chw: [4, 2, 5] });
  const weight = sgn('w', [6, 40]);
  set(linear.weight, [6, 40], weight);
  set(linear.bias!, [6], sgn('b', [6]));
  expect(linear.stateDict().get('weight')!.data).toEqual(weight);
  tf.tidy(() => {
    const x = map('x', [3, 4, 2, 5]);
    const forward = (t: tf.Tensor) => linear.forward(t.reshape([3, 40]), { activation: 'relu' });
    expectClose(forward(x).dataSync(), want.out, 1e-5);
    const g = tf.tensor2d(sgn('g', [3, 6]), [3, 6]);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(forward(t), g)))(x)), want.grads[0], 2e-5);
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(forward(x), g)) as tf.Scalar, [linear.bias!.variable]);
    expectClose(grads[linear.bias!.variable.name].dataSync(), want.grads[2], 2e-5);
  });
  linear.dispose();
});

test.each([
  ['ReLU6', 'ReLU6'],
  ['LeakyReLU', 'LeakyReLU'],
  ['SiLU', 'SiLU'],
  ['Swish', 'SiLU'],
  ['HSwish', 'Hardswish'],
  ['GELU', 'GELU'],
  ['Sigmoid', 'Sigmoid'],
  ['Tanh', 'Tanh'],
] as [ActCfg['type'], string][])('activation %s equals torch.nn.%s', (type, theirs) => {
  const want = torch[`act_${theirs}`];
  const { apply } = buildActivation({ type });
  tf.tidy(() => {
    const x = map('x', want.shape, 5);
    const g = map('g', want.shape);
    expectClose(nchw(apply(x)), want.out, 2e-6);
    expectClose(nchw(tf.grad((t) => tf.sum(tf.mul(apply(t), g)))(x)), want.grads[0], 5e-6);
  });
});

describe('ConvModule', () => {
  const config = { inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1 };
  const names = (m: Module) => [...m.named()].map(([n]) => n);

  test('names follow the norm; the bias is there only without one', () => {
    expect(names(new ConvModule(config))).toEqual(['conv.weight', 'conv.bias']);
    expect(names(new ConvModule({ ...config, normCfg: { type: 'GN', num_groups: 2 } }))).toEqual([
      'conv.weight',
      'gn.weight',
      'gn.bias',
    ]);
    expect(names(new ConvModule({ ...config, normCfg: { type: 'BN' }, bias: true }))).toContain('conv.bias');
    const fixed = new ConvModule({ ...config, normCfg: { type: 'BN', requires_grad: false } });
    expect(fixed.trainable().map(([n]) => n)).toEqual(['conv.weight']);
  });

  test.each([null, { type: 'BN' } as const])(
    'every order computes what its steps do one by one (norm %s)',
    (normCfg) => {
      const x = map('x', [2, 3, 4, 4]);
      for (const order of [
        ['conv', 'norm', 'act'],
        ['act', 'conv', 'norm'],
        ['norm', 'act', 'conv'],
      ] as const)
        for (const type of ['ReLU', 'LeakyReLU'] as const) {
          const module = new ConvModule({ ...config, normCfg, actCfg: { type }, order, outChannels: 3 });
          fillByFormula(module);
          tf.tidy(() => {
            let y: tf.Tensor4D = x;
            for (const step of order) {
              if (step === 'conv') y = module.conv.forward(y);
              if (step === 'norm' && module.norm) y = module.norm.forward(y);
              if (step === 'act') y = type === 'ReLU' ? tf.relu(y) : tf.leakyRelu(y, 0.01);
            }
            expectClose(module.forward(x).dataSync(), y.dataSync(), 1e-5, `${order} ${type}`);
            expectClose(module.forward(x, { residual: x }).dataSync(), tf.add(y, x).dataSync(), 1e-5, 'residual');
          });
          module.dispose();
        }
      tf.dispose(x);
    },
  );

  test('wrong norm configs are refused', () => {
    expect(() => buildNorm({ type: 'GN' } as never, 4)).toThrow();
    expect(() => buildActivation({ type: 'Relu' as 'ReLU' })).toThrow(/Did you mean "ReLU"/);
  });
});

test('lists number their modules; a sequential runs them in turn', () => {
  const list = new ModuleList([
    new Linear({ inFeatures: 2, outFeatures: 3 }),
    new Linear({ inFeatures: 3, outFeatures: 1 }),
  ]);
  expect([...list.named()].map(([n]) => n)).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
  expect(list.at(-1)).toBe([...list][1]);
  expect(() => list.at(2)).toThrow(RangeError);
  const conv = () => new Conv2d({ inChannels: 2, outChannels: 2, kernelSize: 1 });
  const two = new Sequential([conv(), conv()]);
  fillByFormula(two);
  tf.tidy(() => {
    const x = map('x', [1, 2, 2, 2]);
    const expected = two.at(1).forward(two.at(0).forward(x));
    const before = tf.memory().numTensors;
    expect(two.forward(x).dataSync()).toEqual(expected.dataSync());
    expect(tf.memory().numTensors, 'only the result is left').toBe(before + 1);
    expect(x.isDisposed).toBe(false);
    const slope = tf.grad((t) => tf.sum(two.forward(t as tf.Tensor4D)))(x);
    expect(slope.shape).toEqual(x.shape);
  });
  list.dispose();
  two.dispose();
});
