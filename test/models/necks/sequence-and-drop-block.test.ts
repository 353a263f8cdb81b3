// Necks in a row, DropBlock in training, and combinations that are refused when the model is built.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import { DropBlock } from '../../../src/models/layers/drop-block';
import { buildNeck } from '../../../src/models/necks';
import type { Neck } from '../../../src/models/types';
import { torchShape } from '../../../src/nn';
import { withStepRandom } from '../../../src/nn/step-random';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, goldenJson, nchw, nhwc } from '../../golden-data';

const registry = createRegistry();
const inputs = [256, 512, 1024, 2048].map((channels, i) => ({ channels, stride: 4 * 2 ** i }));
const build = (config: ModuleConfig | ModuleConfig[]) => buildNeck(config, { registry, path: 'model.neck', inputs });

beforeAll(async () => void (await startEngine()));

test('necks in a row: names of a Sequential, each reads the one before', () => {
  const neck = build([
    { type: 'FPN', out_channels: 32, num_outs: 5 },
    { type: 'BFP', refine_type: 'non_local' },
    { type: 'ChannelMapper', out_channels: 16, num_outs: 6 },
  ]);
  const names = [...neck.named()].map(([name]) => name);
  expect(names[0]).toBe('0.lateral_convs.0.conv.weight');
  expect(names).toContain('1.refine.conv_out.conv.bias');
  expect(names.at(-1)).toBe('2.extra_convs.0.conv.bias');
  expect(neck.outputs).toEqual([4, 8, 16, 32, 64, 128].map((stride) => ({ channels: 16, stride })));
  const before = tf.memory().numTensors;
  const sizes = tf.tidy(() =>
    neck.forward(inputs.map(({ channels }, i) => tf.zeros([1, 32 >> i, 48 >> i, channels]))).map((x) => x.shape),
  );
  expect(tf.memory().numTensors).toBe(before);
  expect(sizes[0]).toEqual([1, 32, 48, 16]);
  expect(sizes).toHaveLength(6);
  neck.dispose();
});

test('NAS-FPN of the RetinaNet config has the parameters of the reference', () => {
  const { merged } = goldenJson<{ merged: { model: { neck: ModuleConfig } } }>('config_retinanet_r50_nasfpn');
  const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_retinanet_r50_nasfpn');
  const neck = build(merged.model.neck);
  const expected = state_dict_order.filter(([name]) => name.startsWith('neck.'));
  expect([...neck.named()].map(([name, p]) => [`neck.${name}`, torchShape(p)])).toEqual(expected);
  neck.dispose();
});

test('FPN_DropBlock is FPN in evaluation mode and drops blocks in training', () => {
  const { tensors } = golden('neck_fpn_dropblock');
  const config = { type: 'FPN_DropBlock', in_channels: [8, 16, 24, 32], out_channels: 16, num_outs: 4 };
  const neck = registry.build('neck', config, { path: 'model.neck' }) as Neck;
  fillByFormula(neck);
  neck.eval();
  const maps = [0, 1, 2, 3].map((k) => nhwc(tensors.get(`in${k}`)!));
  const run = (seed: number) =>
    withStepRandom(Random.seeded(seed), () => {
      let outs: Float32Array[] = [];
      tf.tidy(() => {
        outs = neck.forward(maps).map(nchw);
      });
      return outs;
    });
  for (const [i, out] of run(0).entries()) expectClose(out, tensors.get(`out_eval${i}`)!.data, 1e-5, `out_eval${i}`);
  neck.train();
  const [a, again, other] = [run(1), run(1), run(2)];
  expect(again).toEqual(a);
  expect(other[0]).not.toEqual(a[0]);
  // the coarsest level is not dropped from
  expectClose(a[3], tensors.get('out_train3')!.data, 1e-5, 'out_train3');
  tf.dispose(maps);
  neck.dispose();
});

describe('DropBlock', () => {
  const options = { type: 'DropBlock', drop_prob: 0.3, block_size: 3, warmup_iters: 0 } as const;

  test('drops whole squares, a share of about drop_prob, and keeps the sum', () => {
    const layer = new DropBlock(options).train();
    const before = tf.memory().numTensors;
    let values: Float32Array = new Float32Array();
    withStepRandom(Random.seeded(3), () => {
      tf.tidy(() => {
        values = nchw(layer.forward(tf.ones([1, 64, 64, 8])));
      });
    });
    expect(tf.memory().numTensors).toBe(before);
    const dropped = values.filter((v) => v === 0).length / values.length;
    expect(dropped).toBeGreaterThan(0.2);
    expect(dropped).toBeLessThan(0.32);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean).toBeCloseTo(1, 4);
    // every zero lies in a 3x3 square of zeros
    const zero = (c: number, y: number, x: number) => values[(c * 64 + y) * 64 + x] === 0;
    const square = (c: number, y: number, x: number) =>
      y >= 0 && x >= 0 && y < 62 && x < 62 && [0, 1, 2].every((i) => [0, 1, 2].every((j) => zero(c, y + i, x + j)));
    for (let i = 0; i < values.length; i++) {
      const [c, y, x] = [Math.floor(i / 4096), Math.floor(i / 64) % 64, i % 64];
      if (!zero(c, y, x)) continue;
      expect([0, 1, 2].some((dy) => [0, 1, 2].some((dx) => square(c, y - dy, x - dx)))).toBe(true);
    }
  });

  test('its probability: the formula of the reference, rising over the warm-up', () => {
    const layer = new DropBlock({ ...options, warmup_iters: 4 }).train();
    tf.tidy(() => layer.forward(tf.zeros([1, 8, 10, 1])));
    const whole = (0.3 * 8 * 10) / (6 * 8) / 9;
    expect(layer.gamma([8, 10])).toBeCloseTo(whole / 4, 12);
    for (let i = 0; i < 4; i++) tf.tidy(() => layer.forward(tf.zeros([1, 8, 10, 1])));
    expect(layer.gamma([8, 10])).toBeCloseTo(whole, 12);
    expect(tf.tidy(() => layer.forward(tf.ones([1, 2, 2, 1])).dataSync())).toEqual(Float32Array.of(1, 1, 1, 1));
  });
});

describe('refused when it is built, with both sides named', () => {
  const refused: [string, ModuleConfig | ModuleConfig[], RegExp][] = [
    [
      'levels of NASFPN',
      { type: 'NASFPN', out_channels: 8, num_outs: 4, stack_times: 1 },
      /expected 5 output levels .*received 4/,
    ],
    [
      'channels under BFP',
      { type: 'BFP' },
      /one number of channels, received \[256, 512, 1024, 2048\].* Put a FPN before it/s,
    ],
    [
      'levels of BFP',
      [
        { type: 'FPN', out_channels: 8, num_outs: 5 },
        { type: 'BFP', num_levels: 4 },
      ],
      /model\.neck\.1: num_levels is 4, but the neck or backbone before it gives 5 levels/,
    ],
    [
      'channels of a second neck',
      [
        { type: 'FPN', out_channels: 8, num_outs: 5 },
        { type: 'BFP', in_channels: 16 },
      ],
      /in_channels 16 but the levels before it have 8 channels/,
    ],
    [
      'a bare FPG',
      { type: 'FPG', out_channels: 8, num_outs: 5, stack_times: 1, paths: ['bu'] },
      /across_down_trans .*side 32 one of side 30.*interpolation_conv/s,
    ],
    [
      'paths of FPG',
      { type: 'FPG', out_channels: 8, num_outs: 5, stack_times: 2, paths: ['bu'], across_down_trans: null },
      /one path per stage, 2 \(stack_times\), received 1/,
    ],
    [
      'levels of SSDNeck',
      { type: 'SSDNeck', out_channels: [256, 512], level_strides: [2], level_paddings: [1] },
      /must begin with the channels of the levels that enter, \[256, 512, 1024, 2048\]/,
    ],
    [
      'levels of NAS-FCOS',
      { type: 'NASFCOS_FPN', out_channels: 8, num_outs: 5, start_level: 0 },
      /expected 3 levels .*received 4/,
    ],
    [
      'scales of YOLOV3Neck',
      { type: 'YOLOV3Neck', num_scales: 3, out_channels: [8, 8, 8, 8] },
      /expected 4 as num_scales.*received 3/,
    ],
    [
      'width of YOLOv8PAFPN',
      { type: 'YOLOv8PAFPN', in_channels: [256, 512, 1024, 2048], out_channels: 64, widen_factor: 0.5 },
      /are \[128, 256, 512, 1024\], but the backbone gives \[256, 512, 1024, 2048\]/,
    ],
    [
      'groups of DyHead',
      [
        { type: 'FPN', out_channels: 32, num_outs: 5 },
        { type: 'DyHead', out_channels: 24 },
      ],
      /multiples of 16 .*received 24/,
    ],
    [
      'dilations',
      { type: 'DilatedEncoder', out_channels: 8, block_mid_channels: 4, num_residual_blocks: 3, block_dilations: [2] },
      /expected 3 block_dilations .*received 1/,
    ],
    [
      'interpolation',
      { type: 'FPN', out_channels: 8, num_outs: 4, upsample_cfg: { mode: 'nearest', align_corners: true } },
      /align_corners has no meaning for mode "nearest"/,
    ],
    [
      'outputs of ChannelMapper',
      { type: 'ChannelMapper', out_channels: 8, num_outs: 2 },
      /num_outs of at least 4 .*received 2/,
    ],
  ];
  test.each(refused)('%s', (_, config, message) => {
    expect(() => build(config)).toThrow(message);
  });

  test('a neck of one level under the anchors of a pyramid', () => {
    const anchors = { type: 'AnchorGenerator', scales: [8], ratios: [1], strides: [4, 8, 16, 32, 64] };
    const encoder = { out_channels: 8, block_mid_channels: 4, num_residual_blocks: 1, block_dilations: [2] };
    const neck = registry.build('neck', { type: 'DilatedEncoder', ...encoder }, { path: 'model.neck', inputs }) as Neck;
    const head = { type: 'RPNHead', feat_channels: 8, anchor_generator: anchors };
    expect(() => registry.build('dense_head', head, { path: 'model.rpn_head', inputs: neck.outputs })).toThrow(
      /AnchorGenerator has 5 strides \[4, 8, 16, 32, 64\], but the features have 1 levels of strides \[32\]/,
    );
    neck.dispose();
  });
});
