// TIMMBackbone against timm: names and shapes of each model, outputs of two of them, and what is refused.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones } from '../../../src/models/backbones';
import type { Backbone } from '../../../src/models/types';
import { torchShape } from '../../../src/nn/module';
import { expectClose, fillByFormula, fnv, goldenJson, nchw, nhwc, sgn } from '../../golden-data';
import { slowCases } from '../../slow-cases';

beforeAll(async () => void (await startEngine()));

type Row = { entries: number; numbers: number; names: number; outputs?: [number[], number[]][] };
const golden = goldenJson<Record<string, Row>>('timm_backbones');
const registry = new Registry(backbones);
const build = (model_name: string, more = {}) =>
  registry.build(
    'backbone',
    { type: 'TIMMBackbone', model_name, features_only: true, out_indices: [1, 2, 3, 4], ...more },
    { path: 'model.backbone' },
  ) as Backbone;

const others = Object.keys(golden).filter((name) => name !== 'efficientnet_b1');

test.each(['efficientnet_b1', ...slowCases(others)])('%s has the names of timm, and its outputs', (name) => {
  const { outputs, ...want } = golden[name];
  const model = build(name);
  const lines = [...model.named()].map(([key, p]) => `${key}[${torchShape(p)}]`);
  const numbers = [...model.named()].reduce((sum, [, p]) => sum + p.variable.size, 0);
  expect({ entries: lines.length, numbers, names: fnv(lines.join('\n')) }).toEqual(want);
  if (outputs) {
    fillByFormula(model);
    model.eval();
    tf.tidy(() => {
      const shape = [1, 3, 64, 48];
      for (const [i, y] of model.forward(nhwc({ shape, data: sgn('x', shape) })).entries()) {
        const [expected, values] = outputs[i];
        const flat = nchw(y);
        const [n, h, w, c] = y.shape;
        expect([n, c, h, w]).toEqual(expected);
        expect(model.outputs[i].channels).toBe(c);
        const step = Math.max(Math.floor(flat.length / 12), 1);
        const own = flat.filter((_, k) => k % step === 0);
        expectClose(own, values, 1e-4 * Math.max(...values.map(Math.abs)), `level ${i}`);
      }
    });
  }
  model.dispose();
});

test('what is not built is refused', () => {
  expect(() => build('efficientnet_b9')).toThrow(/no model "efficientnet_b9" here.*Did you mean "efficientnet_b\d"/);
  expect(() => build('tv_resnet50', { features_only: false })).toThrow(/expected features_only true/);
  expect(() => build('tv_resnet50', { out_indices: [0, 1] })).toThrow(/index 0 in out_indices/);
  expect(() => build('resnet18', { pretrained: true })).toThrow(/weights of "resnet18" are not known/);
  expect(() => build('tv_resnet50', { norm_layer: 'SyncBN' })).toThrow(/norm_layer/);
});
