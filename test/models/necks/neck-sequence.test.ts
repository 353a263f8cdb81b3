// Necks in a row.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import { buildNeck } from '../../../src/models/necks';

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
