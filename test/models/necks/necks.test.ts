import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { type FPN, necks, type PAFPN } from '../../../src/models/necks';
import { Random } from '../../../src/random';
import { checkModule, goldenJson } from '../../golden-data';

const registry = new Registry(necks);
const inputs = [256, 512, 1024, 2048].map((channels, i) => ({ channels, stride: 4 * 2 ** i }));
const build = (config: ModuleConfig, levels?: typeof inputs) =>
  registry.build('neck', config, { path: 'model.neck', inputs: levels }) as FPN | PAFPN;

beforeAll(async () => void (await startEngine()));

test.each([
  'neck_fpn_basic',
  'neck_fpn_bn_noextra',
  'neck_fpn_extra_on_input',
  'neck_fpn_extra_on_input_relu',
  'neck_fpn_extra_on_lateral',
  'neck_fpn_extra_on_output_relu',
  'neck_pafpn',
])('%s equals MMDetection, forward and gradient', (name) => checkModule(name, (config) => build(config)));

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
