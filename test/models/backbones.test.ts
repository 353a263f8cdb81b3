// Every backbone against MMDetection's, MMYOLO's and MMPretrain's: names, outputs, gradients, starting values, real sizes;
// and what files cannot show: freezing, norms held in training, mistakes.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { backbones } from '../../src/models/backbones';
import type { Backbone } from '../../src/models/types';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { type Module, torchShape } from '../../src/nn/module';
import { Random } from '../../src/random';
import { checkModule, expectClose, fillByFormula, fnv, golden, goldenJson, nchw, nhwc } from '../golden-data';

beforeAll(async () => void (await startEngine()));

const registry = new Registry(backbones);
const build = (config: ModuleConfig) => registry.build('backbone', config, { path: 'model.backbone' }) as Backbone;

/** The same module, called with a list as necks are. */
function asNeck(backbone: Backbone): Module & { forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] } {
  const forward = backbone.forward.bind(backbone);
  const call = ([x]: tf.Tensor4D[]) => {
    const outputs = forward(x);
    if (backbone.outputs.length > 0)
      expect(outputs.map((y) => y.shape[3])).toEqual(backbone.outputs.map((level) => level.channels));
    return outputs;
  };
  return Object.assign(backbone as Module, { forward: call }) as ReturnType<typeof asNeck>;
}

const CASES = [
  ...['resnet_caffe_dilated', 'resnet_deep_avg_gn', 'resnetv1d', 'resnet_dcn', 'resnet_dcnv2', 'resnet_context'],
  ...['resnet_nonlocal', 'resnet_attention_1111', 'resnet_attention_0010', 'resnet_attention_0101'],
  ...['resnet_attention_1000', 'resnet_attention_0001', 'resnext', 'resnext_dcn', 'res2net', 'regnet', 'hrnet'],
  ...['hrnet_finest', 'mobilenetv2', 'mobilenetv2_wide', 'swin', 'swin_absolute', 'vit', 'vit_no_token'],
  ...['vit_layers', 'darknet', 'csp_darknet_p6', 'csp_darknet_depthwise', 'cspnext', 'cspnext_p6', 'yolov8', 'ssdvgg'],
  ...[
    'detectors',
    'detectors_plain_sac',
    'resnet_ws',
    'efficientnet',
    'efficientnet_edge',
    'resnet_cbam',
    'yolov8_cbam',
  ],
];

describe('outputs and gradients', () => {
  for (const name of CASES) test(name, () => checkModule(`backbone_${name}`, (config) => asNeck(build(config))));
});

test('CSPDarknet equals its golden file', () => {
  const { tensors, metadata } = golden('backbone_cspdarknet_small');
  const model = build(JSON.parse(metadata.cfg));
  const shapes = [...model.named()].map(([n, p]) => [n, torchShape(p)]);
  expect(shapes).toEqual(Object.entries(JSON.parse(metadata.params)));
  fillByFormula(model);
  const x = nhwc(tensors.get('in0')!);
  tf.tidy(() => {
    for (const [i, y] of model.forward(x).entries()) {
      const want = tensors.get(`out${i}`)!.data;
      expectClose(nchw(y), want, 1e-5 * Math.max(...want), `out${i}`);
    }
  });
  tf.dispose(x);
  model.dispose();
});

describe('parameters of whole detectors', () => {
  const CONFIGS: Record<string, ModuleConfig> = {
    detr_deit_tiny: { type: 'mmpretrain.VisionTransformer', arch: 'deit-tiny', out_type: 'featmap' },
    yolov8_n: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.25 },
    yolov8_s: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.33, widen_factor: 0.5 },
    yolov8_m: { type: 'YOLOv8CSPDarknet', deepen_factor: 0.67, widen_factor: 0.75, last_stage_out_channels: 768 },
    ssd300: { type: 'SSDVGG', depth: 16, input_size: 300 },
  };
  for (const [name, config] of Object.entries(CONFIGS))
    test(name, () => {
      const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>(`params_${name}`);
      const model = build(config);
      const expected = state_dict_order.filter(([n]) => n.startsWith('backbone.'));
      expect([...model.named('backbone.')].map(([n, p]) => [n, torchShape(p)])).toEqual(expected);
      model.dispose();
    });

  test('the other backbones at their real sizes', () => {
    type Entry = { cfg: ModuleConfig; entries: number; numbers: number; names: number };
    for (const [name, { cfg, ...want }] of Object.entries(goldenJson<Record<string, Entry>>('backbone_params'))) {
      const model = build(cfg);
      const lines = [...model.named()].map(([n, p]) => `${n}[${torchShape(p)}]`);
      const numbers = [...model.named()].reduce((sum, [, p]) => sum + p.variable.size, 0);
      expect({ entries: lines.length, numbers, names: fnv(lines.join('\n')) }, name).toEqual(want);
      model.dispose();
    }
  });
});

describe('starting values', () => {
  type Rows = Record<string, [mean: number, deviation: number, largest: number]>;
  const cases = goldenJson<Record<string, { cfg: ModuleConfig; parameters: Rows }>>('backbone_init');
  for (const [name, { cfg, parameters }] of Object.entries(cases))
    test(name, () => {
      const model = build(cfg);
      model.initWeights(Random.seeded(7));
      for (const [key, p] of model.named()) {
        if (p.kind !== 'parameter') continue;
        const data = tf.tidy(() => p.variable.dataSync<'float32'>());
        const [mean, deviation, largest] = parameters[key];
        const own = data.reduce((a, b) => a + b, 0) / data.length;
        const spread = Math.sqrt(data.reduce((a, b) => a + (b - own) ** 2, 0) / data.length);
        if (deviation === 0) expect([own, spread], key).toEqual([expect.closeTo(mean, 3), expect.closeTo(0, 6)]);
        else if (data.length >= 16) {
          const slack = 5 / Math.sqrt(data.length) + 0.02;
          expect(Math.abs(spread / deviation - 1), `${key}: ${spread} for ${deviation}`).toBeLessThan(slack);
          // a uniform distribution ends at 1.73 deviations
          const most = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
          if (data.length >= 200)
            expect(most / spread < 1.9, `${key}: kind of distribution`).toBe(largest / deviation < 1.9);
        }
      }
      model.dispose();
    });
});

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

test('mistakes are refused in words', () => {
  const refused = (config: ModuleConfig, message: RegExp) => expect(() => build(config)).toThrow(message);
  refused({ type: 'VisionTransformer' }, /set out_type: 'featmap'/);
  refused({ type: 'VisionTransformer', arch: 'deit-tinny', out_type: 'raw' }, /expected one of .*deit-tiny/);
  refused({ type: 'VisionTransformer', out_type: 'cls_token', with_cls_token: false }, /needs with_cls_token: true/);
  refused({ type: 'VisionTransformer', output_cls_token: true }, /a detector reads maps/);
  refused({ type: 'VisionTransformer', out_type: 'raw', out_indices: 12 }, /layer 12, but there are layers 0 to 11/);
  refused({ type: 'YOLOv8CSPDarknet', plugins: [{}] }, /plugins\.0\.cfg/);
  refused({ type: 'CSPDarknet', out_indices: [5] }, /stage 5, but there are 0 \(the stem\) to 4/);
  refused({ type: 'RegNet', arch: 'regnetx_3gf' }, /expected one of regnetx_400mf/);
  refused({ type: 'SwinTransformer', patch_size: 8 }, /strides\[0\] is 4, expected patch_size, 8/);
  refused({ type: 'SSDVGG', depth: 11, out_feature_indices: [34] }, /layer 34, but depth 11 has layers 0 to 24/);
  refused({ type: 'Res2Net', depth: 18 }, /expected a depth of 50, 101 or 152/);
});
