import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones, type ResNet } from '../../../src/models/backbones';
import { torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, goldenJson, nchw, nhwc, sgn } from '../../golden-data';

const registry = new Registry(backbones);
const build = (config: Record<string, unknown>) =>
  registry.build('backbone', { type: 'ResNet', ...config }, { path: 'model.backbone' }) as ResNet;
const small = { depth: 18, base_channels: 8, num_stages: 2, out_indices: [0, 1] };

beforeAll(async () => void (await startEngine()));

test('ResNet-18 body equals MMDetection', () => {
  const { tensors, metadata } = golden('backbone_basic18');
  const model = build(JSON.parse(metadata.cfg));
  const shapes = Object.fromEntries([...model.named()].map(([n, p]) => [n, torchShape(p)]));
  expect(Object.keys(shapes)).toEqual(Object.keys(JSON.parse(metadata.params)));
  expect(shapes).toEqual(JSON.parse(metadata.params));
  fillByFormula(model);
  const x = nhwc(tensors.get('in0')!);
  tf.tidy(() => {
    for (const [i, y] of model.forward(x).entries()) {
      const want = tensors.get(`out${i}`)!.data;
      expectClose(nchw(y), want, 1e-4 * Math.max(...want), `out${i}`);
    }
  });
  tf.dispose(x);
  model.dispose();
});

test('ResNet-50 equals MMDetection: layer 1 in full, all stages by their statistics', () => {
  const { tensors } = golden('resnet50_stem_layer1');
  type Stats = { mean: number; std: number; first8: number[] };
  const want = goldenJson<{ outs: number[][]; out_stats: Stats[] }>('resnet50_shapes');
  const model = build({ depth: 50 });
  fillByFormula(model);
  const x = nhwc({ shape: [1, 3, 32, 48], data: sgn('in0', [1, 3, 32, 48]) });
  tf.tidy(() => {
    const outputs = model.forward(x);
    expect(model.outputs).toEqual([256, 512, 1024, 2048].map((channels, i) => ({ channels, stride: 4 << i })));
    const slice = tf.gather(
      outputs[0],
      Array.from({ length: 32 }, (_, i) => 8 * i),
      3,
    );
    const layer1 = tensors.get('layer1_slice')!.data;
    expectClose(nchw(slice), layer1, 1e-4 * Math.max(...layer1), 'layer1');
    for (const [i, y] of outputs.entries()) {
      const [n, c, h, w] = want.outs[i];
      expect(y.shape).toEqual([n, h, w, c]);
      const { mean, std, first8 } = want.out_stats[i];
      const values = nchw(y);
      const average = values.reduce((a, b) => a + b, 0) / values.length;
      const spread = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length);
      expectClose([average], [mean], 1e-4 * mean, `mean of stage ${i}`);
      expectClose([spread], [std], 2e-3 * std, `spread of stage ${i}`); // theirs may divide by n - 1
      expectClose(values.slice(0, 8), first8, 2e-4, `first values of stage ${i}`);
    }
  });
  tf.dispose(x);
  model.dispose();
});

test('parameter names, shapes and order of Faster R-CNN R50', () => {
  const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_faster_r50_fpn');
  const expected = state_dict_order.filter(([n]) => n.startsWith('backbone.'));
  const model = build({ depth: 50, frozen_stages: 1 });
  expect([...model.named('backbone.')].map(([n, p]) => [n, torchShape(p)])).toEqual(expected);
  model.dispose();
});

describe('options', () => {
  test('strides, dilations and channels reach the outputs', () => {
    const model = build({
      depth: 18,
      base_channels: 4,
      strides: [1, 2, 1, 2],
      dilations: [1, 1, 2, 1],
      out_indices: [2, 3],
    });
    expect(model.outputs).toEqual([
      { channels: 16, stride: 8 },
      { channels: 32, stride: 16 },
    ]);
    const shapes = tf.tidy(() => model.forward(tf.zeros([1, 64, 64, 3])).map((y) => y.shape));
    expect(shapes).toEqual([
      [1, 8, 8, 16],
      [1, 4, 4, 32],
    ]);
    model.dispose();
  });

  test('style caffe puts the stride on the first convolution', () => {
    for (const [style, stride] of [
      ['caffe', 2],
      ['pytorch', 1],
    ] as const) {
      const model = build({ depth: 50, base_channels: 2, num_stages: 2, out_indices: [1], style });
      const conv1 = [...model.modules()].find(([path]) => path === 'layer2.0.conv1')![1] as unknown as {
        stride: number[];
      };
      expect(conv1.stride).toEqual([stride, stride]);
      model.dispose();
    }
  });

  test('deep stem and pooled shortcuts have MMDetection names', () => {
    const model = build({ ...small, deep_stem: true, avg_down: true });
    const names = [...model.named()].map(([n]) => n);
    expect(names.slice(0, 2)).toEqual(['stem.0.weight', 'stem.1.weight']);
    expect(names).toContain('stem.7.running_var');
    expect(names).toContain('layer2.0.downsample.1.weight');
    expect(names).toContain('layer2.0.downsample.2.running_var');
    expect(tf.tidy(() => model.forward(tf.zeros([1, 36, 36, 3]))[1].shape)).toEqual([1, 5, 5, 16]);
    model.dispose();
  });

  test('deformable_groups is the older name of deform_groups', () => {
    const bottlenecks = { depth: 50, base_channels: 4, num_stages: 1, out_indices: [0], strides: [1], dilations: [1] };
    const offsets = (groups: object) => {
      const model = build({ ...bottlenecks, dcn: { type: 'DCNv2', ...groups }, stage_with_dcn: [true] });
      const { variable } = new Map(model.named()).get('layer1.0.conv2.conv_offset.weight')!;
      model.dispose();
      return variable.shape[3];
    };
    expect(offsets({ deformable_groups: 2 })).toBe(2 * 3 * 9);
    expect(offsets({ deformable_groups: 2 })).toBe(offsets({ deform_groups: 2 }));
  });

  test('mistakes are refused in words', () => {
    expect(() => build({ depth: 51 })).toThrow(/model.backbone.depth: expected a depth of 18, 34, 50, 101 or 152/);
    expect(() => build({ depth: 50, frozen_stage: 1 })).toThrow(/Did you mean "frozen_stages"/);
    expect(() => build({ depth: 50, num_stages: 3 })).toThrow(/out_indices names stage 3, but num_stages is 3/);
    const dcn = { type: 'DCN' };
    expect(() => build({ depth: 18, dcn, stage_with_dcn: [false, true, true, true] })).toThrow(/dcn needs bottlenecks/);
    expect(() => build({ depth: 50, dcn, stage_with_dcn: [true] })).toThrow(/expected 4 entries in stage_with_dcn/);
    const plugins = [{ cfg: { type: 'ContextBlock', ratio: 0.25 }, position: 'after_conv3' }];
    expect(() => build({ depth: 18, plugins })).toThrow(/plugins need bottlenecks/);
    expect(() => build({ depth: 50, plugins: [...plugins, ...plugins] })).toThrow(/give one of them a postfix/);
    const both = { pretrained: 'torchvision://resnet50', init_cfg: { type: 'Constant', val: 0 } };
    expect(() => build({ depth: 50, ...both })).toThrow(/init_cfg and pretrained cannot be given at the same time/);
  });
});

describe('training', () => {
  test('frozen stages take no gradient and survive train(); norm_eval holds every batch norm', () => {
    const model = build({ ...small, frozen_stages: 1, norm_eval: false }).train();
    expect(model.trainable().every(([n]) => n.startsWith('layer2.'))).toBe(true);
    const training = [...model.modules()].filter(([, m]) => m.training).map(([path]) => path);
    expect(training.some((path) => path.startsWith('layer2.0.bn'))).toBe(true);
    expect(training.filter((path) => /^(layer1|conv1|bn1)/.test(path))).toEqual([]);
    model.dispose();
    const evaluating = build(small).train();
    const bns = [...evaluating.modules()].filter(([path]) => /bn\d$|downsample\.1$/.test(path));
    expect(bns.length).toBe(10);
    expect(bns.every(([, m]) => !m.training)).toBe(true);
    expect(evaluating.trainable().length).toBe(30);
    evaluating.dispose();
  });

  test('convolutions start kaiming-normal, the last norm of each block from zero', () => {
    const zeroed = (config: object) => {
      const model = build({ ...small, ...config });
      model.initWeights(Random.seeded(3));
      const state = model.stateDict();
      const filter = state.get('layer2.1.conv1.weight')!.data as Float32Array;
      const spread = Math.sqrt(filter.reduce((a, v) => a + v * v, 0) / filter.length);
      expect(spread).toBeGreaterThan(0.95 * Math.sqrt(2 / (9 * 16)));
      expect(spread).toBeLessThan(1.05 * Math.sqrt(2 / (9 * 16)));
      model.dispose();
      return [...state]
        .filter(([n, t]) => n.endsWith('.weight') && (t.data as Float32Array).every((v) => v === 0))
        .map(([n]) => n);
    };
    expect(zeroed({})).toEqual(
      [0, 1].flatMap((b) => [`layer1.${b}.bn2.weight`]).concat(['layer2.0.bn2.weight', 'layer2.1.bn2.weight']),
    );
    expect(zeroed({ zero_init_residual: false })).toEqual([]);
    expect(zeroed({ init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet18' } })).toEqual([]);
  });

  test('repeated steps leave no tensors, and batch statistics move only in training', () => {
    const model = build({ ...small, norm_eval: false }).train();
    model.initWeights(Random.seeded(5));
    const x = tf.randomNormal<tf.Rank.R4>([2, 16, 16, 3], 0, 1, 'float32', 1);
    const variables = model.trainable().map(([, p]) => p.variable);
    const step = () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.square(model.forward(x)[1])), variables);
        expect(Object.values(grads).every((g) => g.dataSync().every(Number.isFinite))).toBe(true);
        return value.dataSync()[0];
      });
    const statistics = () => model.stateDict().get('layer2.1.bn2.running_var')!.data.slice();
    step();
    const before = tf.memory().numTensors;
    const first = statistics();
    step();
    expect(statistics()).not.toEqual(first);
    model.eval();
    const last = statistics();
    tf.tidy(() => void model.forward(x));
    expect(statistics()).toEqual(last);
    model.train();
    step();
    expect(tf.memory().numTensors).toBe(before);
    expect([...model.stateDict().get('bn1.num_batches_tracked')!.data]).toEqual([3]);
    tf.dispose(x);
    model.dispose();
  });
});
