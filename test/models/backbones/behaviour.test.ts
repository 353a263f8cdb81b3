// What the reference files cannot show of the backbones: freezing, norms held in training, former options, mistakes.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones } from '../../../src/models/backbones';
import type { Backbone } from '../../../src/models/types';
import { BatchNorm2d } from '../../../src/nn/batch-norm2d';
import { withStepRandom } from '../../../src/nn/step-random';
import { Random } from '../../../src/random';

beforeAll(async () => void (await startEngine()));

const registry = new Registry(backbones);
const build = (config: ModuleConfig) => registry.build('backbone', config, { path: 'model.backbone' }) as Backbone;
const arch = { embed_dims: 8, num_layers: 2, num_heads: 2, feedforward_channels: 16 };
const swin = { type: 'SwinTransformer', embed_dims: 4, depths: [1, 1], num_heads: [1, 2], strides: [4, 2] };
const small = { deepen_factor: 0.1, widen_factor: 0.125 };

describe('freezing', () => {
  /** Config, what still trains, and what a frozen stage leaves in evaluation mode. */
  const CASES: [ModuleConfig, RegExp, RegExp][] = [
    [{ type: 'MobileNetV2', widen_factor: 0.25, frozen_stages: 2 }, /^(layer[3-7]|conv2)\./, /^layer[12]\./],
    [{ type: 'CSPDarknet', ...small, frozen_stages: 1 }, /^stage[234]\./, /^(stem|stage1)/],
    [{ type: 'CSPNeXt', ...small, frozen_stages: 0 }, /^stage[1-4]\./, /^stem/],
    [{ type: 'YOLOv8CSPDarknet', ...small, frozen_stages: 3 }, /^stage4\./, /^(stem|stage[123])/],
    [{ ...swin, out_indices: [0, 1], frozen_stages: 1 }, /^(stages\.1|norm1)\./, /^(patch_embed|stages\.0|norm0)/],
    [
      { type: 'VisionTransformer', arch, img_size: 32, out_type: 'featmap', frozen_stages: 1 },
      /^(layers\.1|ln1)\./,
      /^(patch_embed|layers\.0)/,
    ],
    [{ type: 'VisionTransformer', arch, img_size: 32, out_type: 'featmap', frozen_stages: 2 }, /^$/, /^(layers|ln1)/],
    [
      { type: 'RegNet', arch: { w0: 8, wa: 5.5, wm: 2, depth: 9, group_w: 8, bot_mul: 1 }, frozen_stages: 2 },
      /^layer[34]/,
      /^(conv1|bn1|layer[12])/,
    ],
  ];
  for (const [config, trained, still] of CASES)
    test(`${config.type} ${config.frozen_stages}`, () => {
      const model = build(config).train();
      for (const [name, p] of model.named())
        if (p.kind === 'parameter') expect([name, p.requiresGrad]).toEqual([name, trained.test(name)]);
      for (const [path, module] of model.modules())
        if (still.test(path)) expect([path, module.training]).toEqual([path, false]);
      expect([...model.modules()].some(([path, module]) => path !== '' && module.training)).toBe(!trained.test(''));
      model.dispose();
    });

  test("MobileNetV2's first norm goes on counting, as in MMDetection", () => {
    const model = build({ type: 'MobileNetV2', widen_factor: 0.25, frozen_stages: 0 }).train();
    const norm = [...model.modules()].find(([path]) => path === 'conv1.bn')![1];
    expect([norm.training, [...norm.named()].filter(([, p]) => p.requiresGrad).length]).toEqual([true, 0]);
    model.dispose();
  });

  test('norm_eval holds every batch norm', () => {
    const stage = (...num_channels: number[]) => ({
      ...{ num_modules: 1, num_branches: num_channels.length, block: 'BASIC', num_channels },
      num_blocks: num_channels.map(() => 1),
    });
    const extra = { stage1: stage(4), stage2: stage(4, 8), stage3: stage(4, 8, 16), stage4: stage(4, 8, 16, 32) };
    for (const [config, held] of [
      [{ type: 'HRNet', extra }, true],
      [{ type: 'HRNet', extra, norm_eval: false }, false],
      [{ type: 'CSPDarknet', ...small }, false],
      [{ type: 'CSPDarknet', ...small, norm_eval: true }, true],
      [{ type: 'MobileNetV2', widen_factor: 0.25, norm_eval: true }, true],
    ] as [ModuleConfig, boolean][]) {
      const model = build(config).train();
      const norms = [...model.modules()].filter(([, module]) => module instanceof BatchNorm2d);
      expect(norms.every(([, module]) => module.training !== held)).toBe(true);
      model.dispose();
    }
  });
});

describe('VisionTransformer', () => {
  const vit = { type: 'mmcls.VisionTransformer', arch, img_size: 32, patch_size: 8 };
  const image = () => tf.randomNormal<tf.Rank.R4>([2, 32, 24, 3], 0, 1, 'float32', 3);
  const run = (config: ModuleConfig) =>
    tf.tidy(() => {
      const model = build(config);
      model.initWeights(Random.seeded(2));
      const outputs = model
        .forward(image())
        .map((y) => ({ shape: y.shape as number[], data: y.dataSync<'float32'>() }));
      const names = [...model.named()].map(([name]) => name);
      const levels = model.outputs.map((level) => ({ channels: level.channels, stride: level.stride }));
      model.dispose();
      return { outputs, names, levels };
    });

  test('out_type and out_indices', () => {
    const shapes = (config: object) => run({ ...vit, ...config }).outputs.map((y) => y.shape);
    expect(shapes({ out_type: 'featmap', out_indices: [0, 1] })).toEqual([
      [2, 4, 3, 8],
      [2, 4, 3, 8],
    ]);
    expect(shapes({ out_type: 'raw' })).toEqual([[2, 13, 8]]);
    expect(shapes({ out_type: 'raw', with_cls_token: false })).toEqual([[2, 12, 8]]);
    expect(shapes({ out_type: 'cls_token' })).toEqual([[2, 8]]);
    expect(shapes({ out_type: 'avg_featmap' })).toEqual([[2, 8]]);
    const { outputs, names } = run({ ...vit, out_type: 'raw' });
    const { outputs: token } = run({ ...vit, out_type: 'cls_token' });
    expect(token[0].data.slice(0, 8)).toEqual(outputs[0].data.slice(0, 8));
    expect(names).not.toContain('ln2.weight');
    expect(run({ ...vit, out_type: 'avg_featmap' }).names).toContain('ln2.weight');
  });

  test("MMClassification's former options keep the class token's weights and leave it out of the layers", () => {
    const former = run({ ...vit, with_cls_token: false, output_cls_token: false });
    expect(former.levels).toEqual([{ channels: 8, stride: 8 }]);
    expect(former.outputs[0].shape).toEqual([2, 4, 3, 8]);
    expect(former.names.slice(0, 2)).toEqual(['cls_token', 'pos_embed']);
    // a token in the layers changes what the patches attend to
    const entering = run({ ...vit, with_cls_token: true, output_cls_token: false });
    const now = run({ ...vit, out_type: 'featmap' });
    expect(entering.outputs[0].data).toEqual(now.outputs[0].data);
    expect(former.outputs[0].data).not.toEqual(now.outputs[0].data);
  });
});

test('stochastic depth repeats with the stream and is off in evaluation', () => {
  const model = build({ ...swin, drop_path_rate: 0.6, drop_rate: 0.1, attn_drop_rate: 0.1, out_indices: [1] });
  model.initWeights(Random.seeded(1));
  const x = tf.randomNormal<tf.Rank.R4>([4, 32, 32, 3], 0, 1, 'float32', 5);
  const run = (seed: number) =>
    withStepRandom(Random.seeded(seed), () => tf.tidy(() => model.forward(x)[0].dataSync<'float32'>()));
  expect(run(1)).toEqual(run(2));
  model.train();
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
  tf.dispose(x);
  model.dispose();
});

test('mistakes are refused in words', () => {
  const refused = (config: ModuleConfig, message: RegExp) => expect(() => build(config)).toThrow(message);
  refused({ type: 'VisionTransformer' }, /set out_type: 'featmap'/);
  refused({ type: 'VisionTransformer', arch: 'deit-tinny', out_type: 'raw' }, /expected one of .*deit-tiny/);
  refused({ type: 'VisionTransformer', out_type: 'cls_token', with_cls_token: false }, /needs with_cls_token: true/);
  refused({ type: 'VisionTransformer', output_cls_token: true }, /a detector reads maps/);
  refused({ type: 'VisionTransformer', out_type: 'raw', out_indices: 12 }, /layer 12, but there are layers 0 to 11/);
  refused({ type: 'YOLOv8CSPDarknet', plugins: [{}] }, /plugins are not offered by YOLOv8CSPDarknet/);
  refused({ type: 'CSPDarknet', out_indices: [5] }, /stage 5, but there are 0 \(the stem\) to 4/);
  refused({ type: 'RegNet', arch: 'regnetx_3gf' }, /expected one of regnetx_400mf/);
  refused({ type: 'SwinTransformer', patch_size: 8 }, /strides\[0\] is 4, expected patch_size, 8/);
  refused({ type: 'SSDVGG', depth: 11, out_feature_indices: [34] }, /layer 34, but depth 11 has layers 0 to 24/);
  refused({ type: 'Res2Net', depth: 18 }, /expected a depth of 50, 101 or 152/);
});
