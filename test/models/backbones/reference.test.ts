// Every backbone against MMDetection's, MMYOLO's and MMPretrain's: names, outputs, gradients, starting values, real sizes.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones, type DetectoRSResNet } from '../../../src/models/backbones';
import { necks } from '../../../src/models/necks';
import type { Backbone, Neck } from '../../../src/models/types';
import { type Module, torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { checkModule, expectClose, fillByFormula, fnv, golden, goldenJson, nchw, nhwc } from '../../golden-data';

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
  ...['detectors', 'detectors_plain_sac', 'resnet_ws'],
];

describe('outputs and gradients', () => {
  for (const name of CASES) test(name, () => checkModule(`backbone_${name}`, (config) => asNeck(build(config))));
});

test('DetectoRS_ResNet takes a pyramid back in', () => {
  checkModule('backbone_detectors_recursive', (config) => {
    const model = build(config) as DetectoRSResNet;
    return Object.assign(model as Module, {
      forward: ([image, ...pyramid]: tf.Tensor4D[]) => model.rfpForward(image, pyramid),
    });
  });
});

test('the RFP neck runs DetectoRS_ResNet again', () => {
  const small = { depth: 50, base_channels: 4, num_stages: 2, strides: [1, 2], dilations: [1, 1], out_indices: [0, 1] };
  const common = { type: 'DetectoRS_ResNet', ...small, conv_cfg: { type: 'ConvAWS' } };
  const body = build({ ...common, output_img: true });
  const rfp_backbone = { ...common, rfp_inplanes: 32 };
  const config = { type: 'RFP', out_channels: 8, num_outs: 3, rfp_steps: 2, aspp_out_channels: 8, rfp_backbone };
  const all = new Registry([...backbones, ...necks]);
  const neck = all.build('neck', config, { path: 'model.neck', inputs: body.outputs }) as Neck;
  for (const part of [body, neck]) part.initWeights(Random.seeded(1));
  const shapes = tf.tidy(() => neck.forward(body.forward(tf.ones([1, 64, 64, 3]))).map((y) => y.shape));
  expect(shapes).toEqual([16, 8, 4].map((side) => [1, side, side, 8]));
  for (const part of [body, neck]) part.dispose();
});

test('ConvAWS goes on from ordinary filters', () => {
  const small = { type: 'DetectoRS_ResNet', depth: 50, base_channels: 2, num_stages: 1, out_indices: [0] };
  const plain = build(small);
  plain.initWeights(Random.seeded(3));
  const standardized = build({ ...small, conv_cfg: { type: 'ConvAWS' } });
  expect(standardized.loadStateDict(plain.stateDict()).missing).toEqual([]);
  tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R4>([1, 32, 32, 3], 0, 1, 'float32', 1);
    const [a, b] = [plain, standardized].map((model) => model.forward(x)[0].dataSync<'float32'>());
    expectClose(b, a, 1e-5);
  });
  for (const model of [plain, standardized]) model.dispose();
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
