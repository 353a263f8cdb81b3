// ConvModule: names, orders of its steps, and wrong options.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { ConvModule } from '../../src/nn/conv-module';
import { buildActivation, buildNorm } from '../../src/nn/layer-options';
import type { Module } from '../../src/nn/module';
import { expectClose, fillByFormula } from '../golden-data';
import { map } from '../torch-cases';

beforeAll(async () => void (await startEngine()));

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
