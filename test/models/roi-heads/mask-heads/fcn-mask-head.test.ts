// FCNMaskHead against MMDetection's (fcn_mask_head.safetensors, mask_heads.safetensors): logits, masks, gradients.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { decodeRle, pasteMask } from '../../../../src/masks';
import { losses } from '../../../../src/models/losses';
import { type FCNMaskHead, roiHeads } from '../../../../src/models/roi-heads';
import { torchShape } from '../../../../src/nn';
import { Random } from '../../../../src/random';
import { expectClose, fillByFormula, golden, maxDifference, nchw, nhwc, sgn } from '../../../golden-data';

const registry = new Registry([...roiHeads, ...losses]);
const build = (config: object, context: Partial<BuildContext> = {}) =>
  registry.build('mask_head', { type: 'FCNMaskHead', ...config } as ModuleConfig, {
    path: 'mask_head',
    ...context,
  }) as FCNMaskHead;
const small = { num_convs: 2, in_channels: 4, conv_out_channels: 8, num_classes: 3 };
const { tensors } = golden('fcn_mask_head');

beforeAll(async () => void (await startEngine()));

test('logits, and masks pasted into the image', () => {
  const head = build(small);
  const named = [...tensors.keys()].filter((key) => key.startsWith('w.'));
  expect([...head.named()].map(([key]) => `w.${key}`)).toEqual(named);
  expect([...head.named()].map(([, p]) => torchShape(p))).toEqual(named.map((key) => tensors.get(key)!.shape));
  fillByFormula(head);
  const state = head.stateDict();
  for (const key of named) expectClose(state.get(key.slice(2))!.data, tensors.get(key)!.data, 0, key);
  const labels = Int32Array.from(tensors.get('labels')!.data);
  const [boxes, masks] = [tensors.get('bboxes')!.data, tensors.get('masks')!.data];
  tf.tidy(() => {
    const x = nhwc(tensors.get('x')!);
    expectClose(nchw(head.forward(x)), tensors.get('logits')!.data, 1e-5, 'logits');
    const grids = tf.sigmoid(head.classLogits(x, labels)).dataSync<'float32'>();
    for (let i = 0; i < 4; i++) {
      const grid = grids.subarray(784 * i, 784 * (i + 1));
      const box = boxes.subarray(4 * i, 4 * i + 4);
      const found = decodeRle(pasteMask(grid, [28, 28], box, { height: 48, width: 64, threshold: 0.5 }));
      expect(maxDifference(found, masks.subarray(3072 * i, 3072 * (i + 1)))).toBe(0);
    }
  });
  head.dispose();
});

const reference = golden('mask_heads');
const cases = JSON.parse(reference.metadata.cases) as Record<string, object>;

describe.each(Object.entries(cases))('%s', (name, config) => {
  const values = (key: string) => reference.tensors.get(`${name}.${key}`)!;

  test('logits, loss and gradients', () => {
    const head = build(config);
    const names = JSON.parse(reference.metadata[`${name}.params`]) as Record<string, number[]>;
    expect(Object.fromEntries([...head.named()].map(([key, p]) => [key, torchShape(p)]))).toEqual(names);
    expect([...head.named()].map(([key]) => key)).toEqual(Object.keys(names));
    fillByFormula(head);
    const labels = Int32Array.of(2, 0, 1);
    const x = nhwc({ shape: [3, 4, 6, 5], data: sgn('x', [3, 4, 6, 5]) });
    const variables = head.trainable().map(([, p]) => p.variable);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const all = head.forward(x);
      const expected = values('logits');
      const scale = maxDifference(expected.data, new Float32Array(expected.data.length));
      expectClose(nchw(all), expected.data, 1e-5 * scale, 'logits');
      const own = head.classLogits(x, labels);
      const [n, h, w] = own.shape;
      const channels = all.shape[3];
      const picked = all.arraySync().flatMap((map, i) => map.flat().map((row) => row[channels === 1 ? 0 : labels[i]]));
      expectClose(own.dataSync(), picked, 1e-5 * scale, 'own logits');
      const target = tf.tensor3d(
        sgn('target', [n, h, w]).map((v) => (v > 0 ? 1 : 0)),
        [n, h, w],
      );
      const loss = () => head.loss(head.classLogits(x, labels), target);
      const { value, grads } = tf.variableGrads(loss, variables);
      expect(value.arraySync()).toBeCloseTo(values('loss').data[0], 5);
      const wanted = values('grad_norms').data;
      for (const [i, [key]] of head.trainable().entries()) {
        const norm = (tf.norm(grads[variables[i].name]) as tf.Scalar).arraySync();
        expect(Math.abs(norm - wanted[i]), `gradient of ${key}: ${norm} for ${wanted[i]}`).toBeLessThan(
          1e-4 * wanted[i] + 1e-7,
        );
      }
      const dx = tf.grad((input) => head.loss(head.classLogits(input as tf.Tensor4D, labels), target))(x);
      const largest = maxDifference(values('grad_x').data, new Float32Array(360));
      expectClose(nchw(dx), values('grad_x').data, 1e-4 * largest, 'gradient of x');
    });
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
    head.dispose();
  });
});

test('CARAFE enlarges before the predictions, with the names of the reference', () => {
  const config = { ...small, upsample_cfg: { type: 'carafe', scale_factor: 2, up_kernel: 3, compressed_channels: 4 } };
  const head = build(config);
  expect(Object.fromEntries([...head.named()].slice(4).map(([key, p]) => [key, torchShape(p)]))).toEqual({
    'upsample.channel_compressor.weight': [4, 8, 1, 1],
    'upsample.channel_compressor.bias': [4],
    'upsample.content_encoder.weight': [36, 4, 3, 3],
    'upsample.content_encoder.bias': [36],
    'conv_logits.weight': [3, 8, 1, 1],
    'conv_logits.bias': [3],
  });
  fillByFormula(head);
  tf.tidy(() => {
    const x = nhwc({ shape: [2, 4, 5, 6], data: sgn('x', [2, 4, 5, 6]) });
    const all = head.forward(x);
    expect(all.shape).toEqual([2, 10, 12, 3]);
    const own = head.classLogits(x, Int32Array.of(1, 2));
    const picked = all.arraySync().flatMap((map, i) => map.flat().map((row) => row[i + 1]));
    expectClose(own.dataSync(), picked, 1e-5);
  });
  head.dispose();
});

test('weights start as the reference', () => {
  const head = build({ ...small, num_convs: 1, in_channels: 32, conv_out_channels: 64, num_classes: 40 });
  head.initWeights(Random.seeded(1));
  const state = head.stateDict();
  const std = (name: string) => {
    const data = state.get(name)!.data as Float32Array;
    return Math.sqrt(data.reduce((s, v) => s + v * v, 0) / data.length);
  };
  // fan out of a transposed convolution's weight [in, out, kh, kw] is in * kh * kw
  expect(std('upsample.weight')).toBeCloseTo(Math.sqrt(2 / (64 * 4)), 2);
  expect(std('conv_logits.weight')).toBeCloseTo(Math.sqrt(2 / 40), 1);
  expect(std('upsample.bias') + std('conv_logits.bias')).toBe(0);
  head.dispose();
});

test('channels and classes are inferred; contradictions are refused', () => {
  const inputs = [{ channels: 4, stride: 1, size: [14, 14] as [number, number] }];
  const head = build({ num_convs: 1, conv_out_channels: 8 }, { inputs, numClasses: 5 });
  expect(head.stateDict().get('conv_logits.weight')!.shape).toEqual([5, 8, 1, 1]);
  head.dispose();
  expect(() => build({ ...small, in_channels: 8 }, { inputs })).toThrow(/in_channels is 8, but .* 4 channels/);
  expect(() => build(small, { numClasses: 5 })).toThrow(/num_classes is 3, but the dataset has 5/);
  expect(() => build({ ...small, loss_mask: { type: 'L1Loss' } })).toThrow(/CrossEntropyLoss with use_mask.*L1Loss/);
  expect(() => build({ ...small, init_cfg: { type: 'Normal', std: 1 } })).toThrow(/init_cfg/);
});
