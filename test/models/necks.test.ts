// Every neck against MMDetection: names and order of its parameters, outputs, gradients, and how its weights start; and
// what fits and does not fit a backbone.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { startEngine } from '../../src/engine';
import { createRegistry } from '../../src/models/catalogue';
import { buildNeck } from '../../src/models/necks';
import { Random } from '../../src/random';
import { checkModule, goldenJson } from '../golden-data';
import { expectStartingValues, type Start } from '../starting-values';

const registry = createRegistry();
const inputs = [256, 512, 1024, 2048].map((channels, i) => ({ channels, stride: 4 * 2 ** i }));
const build = (config: ModuleConfig, levels?: typeof inputs) =>
  registry.build('neck', config, { path: 'model.neck', inputs: levels });
const attach = (config: ModuleConfig | ModuleConfig[]) => buildNeck(config, { registry, path: 'model.neck', inputs });

beforeAll(async () => void (await startEngine()));

test.each(['bfp_none', 'bfp_nonlocal', 'channel_mapper', 'fpg_bu2', 'nasfpn_stack2', 'yolox_pafpn'])(
  '%s equals its golden file, forward and gradient',
  (name) => checkModule(`neck_${name}`, build),
);

const starts = goldenJson<Record<string, { cfg: ModuleConfig; values: Record<string, Start> }>>('neck_init');

describe.each(Object.keys(starts))('%s', (name) => {
  test('outputs and gradients', () => checkModule(`neck_${name}`, build));

  test('start of the weights', () => {
    const { cfg, values } = starts[name];
    const neck = build(cfg);
    expectStartingValues(neck, values);
    neck.dispose();
  });
});

test.each([
  'neck_fpn_basic',
  'neck_fpn_bn_noextra',
  'neck_fpn_extra_on_input',
  'neck_fpn_extra_on_input_relu',
  'neck_fpn_extra_on_lateral',
  'neck_fpn_extra_on_output_relu',
  'neck_pafpn',
])('%s equals MMDetection, forward and gradient', (name) => checkModule(name, (config) => build(config)));

// of no package: against their papers' formulas in float64 (generate/blocks.py)
test.each([
  ...['spp', 'aspp', 'rfb', 'sam', 'sam_pointwise', 'cbam', 'asff'],
  ...['bifpn', 'bifpn_after', 'sfam', 'sfam_joined'],
])('%s equals its formulas, forward and gradient', (name) => checkModule(`neck_${name}`, build));

describe('attached to a backbone', () => {
  test('channels and strides come from it', () => {
    const neck = build({ type: 'FPN', out_channels: 256, num_outs: 5 }, inputs);
    expect(neck.outputs).toEqual([4, 8, 16, 32, 64].map((stride) => ({ channels: 256, stride })));
    const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_faster_r50_fpn');
    const expected = state_dict_order.filter(([n]) => n.startsWith('neck.')).map(([n]) => n.slice(5));
    expect([...neck.named()].map(([n]) => n)).toEqual(expected);
    neck.dispose();
    const retina = build({ type: 'FPN', out_channels: 64, num_outs: 5, start_level: 1, add_extra_convs: true }, inputs);
    expect(retina.outputs.map((o) => o.stride)).toEqual([8, 16, 32, 64, 128]);
    retina.dispose();
  });

  test('a contradiction names both sides', () => {
    const fpn =
      (rest: object, levels = inputs) =>
      () =>
        build({ type: 'FPN', out_channels: 64, num_outs: 5, ...rest }, levels);
    expect(fpn({ in_channels: [64, 128, 256, 512] })).toThrow(
      'Cannot attach neck "FPN" to its backbone: in_channels [64, 128, 256, 512] but the backbone gives [256, 512, 1024, 2048]',
    );
    expect(fpn({ in_channels: [256, 512, 1024, 2048] }, inputs.slice(2))).toThrow(
      /expected 4 feature levels .* received 2 \(\[1024, 2048\]\)/,
    );
    expect(() => build({ type: 'PAFPN', out_channels: 64, num_outs: 5 })).toThrow(/no backbone to take/);
    expect(fpn({ num_outs: 3 })).toThrow(/expected num_outs of at least 4/);
    expect(fpn({ end_level: 2 })).toThrow(/expected num_outs 3 .* received 5/);
    expect(fpn({ end_level: 7 })).toThrow(/there are 4 levels/);
    expect(fpn({ add_extra_conv: true })).toThrow(/Did you mean "add_extra_convs"/);
    expect(fpn({ norm_cfg: { type: 'BNN' } })).toThrow(/norm_cfg/);
  });
});

test.each([
  { type: 'FPN', num_outs: 5 },
  { type: 'FPN', num_outs: 4, start_level: 1, add_extra_convs: 'on_input' },
  { type: 'FPN', num_outs: 5, add_extra_convs: 'on_lateral', upsample_cfg: { mode: 'bilinear' } },
  { type: 'PAFPN', num_outs: 5 },
])('levels that nobody reads again are freed early, to the same result: %j', (config) => {
  const levels = [16, 32, 64].map((channels, i) => ({ channels, stride: 4 * 2 ** i }));
  const neck = build({ out_channels: 8, ...config }, levels);
  neck.initWeights(Random.seeded(3));
  const maps = () =>
    levels.map(({ channels, stride }, i) =>
      tf.randomNormal<tf.Rank.R4>([1, 64 / stride, 96 / stride, channels], 0, 1, 'float32', i + 1),
    );
  const values = (outs: tf.Tensor4D[]) => outs.map((y) => [...y.dataSync()]);
  const kept = maps();
  const before = tf.memory().numTensors;
  const outs = neck.forward(kept);
  expect(tf.memory().numTensors - before, 'what is left are the outputs').toBe(outs.length);
  expect(kept.some((x) => x.isDisposed)).toBe(false);
  const released = maps();
  const same = neck.forward(released, { release: true });
  expect(values(same)).toEqual(values(outs));
  expect(released.some((x) => x.isDisposed)).toBe(true);
  tf.dispose([kept, outs, released, same]);
  neck.dispose();
});

test('convolutions start from Xavier-uniform weights and zero bias', () => {
  const neck = build({ type: 'PAFPN', out_channels: 32, num_outs: 4, in_channels: [16, 32] });
  neck.initWeights(Random.seeded(1));
  for (const [name, { shape, data }] of neck.stateDict()) {
    const largest = (data as Float32Array).reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    if (name.endsWith('bias')) expect(largest).toBe(0);
    else {
      const bound = Math.sqrt(6 / ((shape[0] + shape[1]) * shape[2] * shape[3]));
      expect(largest, name).toBeLessThanOrEqual(bound * 1.000001);
      expect(largest, name).toBeGreaterThan(bound * 0.95);
    }
  }
  neck.dispose();
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
    expect(() => attach(config)).toThrow(message);
  });

  test('a neck of one level under the anchors of a pyramid', () => {
    const anchors = { type: 'AnchorGenerator', scales: [8], ratios: [1], strides: [4, 8, 16, 32, 64] };
    const encoder = { out_channels: 8, block_mid_channels: 4, num_residual_blocks: 1, block_dilations: [2] };
    const neck = registry.build('neck', { type: 'DilatedEncoder', ...encoder }, { path: 'model.neck', inputs });
    const head = { type: 'RPNHead', feat_channels: 8, anchor_generator: anchors };
    expect(() => registry.build('dense_head', head, { path: 'model.rpn_head', inputs: neck.outputs })).toThrow(
      /AnchorGenerator has 5 strides \[4, 8, 16, 32, 64\], but the features have 1 levels of strides \[32\]/,
    );
    neck.dispose();
  });
});
