// A convolution with the batch norm after it, folded into its filter where the norm does not learn.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { engine, startEngine } from '../../src/engine';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { convNorm } from '../../src/nn/conv-norm';
import { Conv2d } from '../../src/nn/conv2d';
import { expectClose, fillByFormula, nchw } from '../golden-data';
import { map, setParameter } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

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
    setParameter(norm.runningMean, [4], new Float32Array(4).fill(3));
    expect(once()).not.toEqual(first);
    expect(affine.scale.isDisposed).toBe(true);
    expect(tf.memory().numTensors).toBe(held);
    norm.unfreeze();
    once();
    expect(tf.memory().numTensors).toBe(held);
    tf.dispose(x);
    conv.dispose();
    norm.dispose();
    expect(tf.memory().numTensors).toBe(start);
  });

  test('a trained norm is folded anew after a step of the optimizer, which changes its tensors in place', () => {
    const { conv, norm } = build(false);
    norm.unfreeze();
    const x = map('x', [1, 3, 4, 4]);
    const once = () => tf.tidy(() => nchw(convNorm(conv, norm, x)));
    const before = once();
    const { variable } = norm.weight;
    const { value, grads } = tf.variableGrads(
      () => tf.sum(tf.square(convNorm(conv, norm, x))) as tf.Scalar,
      [variable],
    );
    engine().sgdStep([variable], [grads[variable.name]], [], { lr: 0.1, momentum: 0, weightDecay: 0 });
    const folded = once();
    const apart = tf.tidy(() => nchw(norm.forward(conv.forward(x))));
    expect(folded).not.toEqual(before);
    expectClose(folded, apart, 2e-5 * Math.max(...apart.map(Math.abs)), 'after the step');
    tf.dispose([x, value, grads]);
    conv.dispose();
    norm.dispose();
  });

  test('running statistics tracked in place reach the next evaluation', () => {
    const { conv, norm } = build(false);
    const x = map('x', [2, 3, 4, 4]);
    const once = () => tf.tidy(() => nchw(convNorm(conv, norm, x)));
    norm.eval();
    const before = once();
    norm.train();
    tf.tidy(() => void convNorm(conv, norm, x));
    norm.eval();
    const folded = once();
    const apart = tf.tidy(() => nchw(norm.forward(conv.forward(x))));
    expect(folded).not.toEqual(before);
    expectClose(folded, apart, 2e-5 * Math.max(...apart.map(Math.abs)), 'after training');
    tf.dispose(x);
    conv.dispose();
    norm.dispose();
  });
});
