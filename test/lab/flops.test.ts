// Multiply-adds and parameters of whole detectors, as MMDetection counts them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { detector, startEngine } from '../../src';
import { countFlops, detectorFlops } from '../../src/lab/flops';
import { Conv2d } from '../../src/nn';

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/flops.json'), 'utf8'));

beforeAll(() => startEngine());

const config = (name: string) => JSON.parse(readFileSync(join(__dirname, `../golden/config_${name}.json`), 'utf8'));

test.each([
  ['faster_r50', 'faster_r50_fpn_1x'],
  ['retinanet_r50', 'retinanet_r50'],
])('%s', async (name, file) => {
  const { model } = config(file).merged;
  model.backbone.init_cfg = null;
  const { detector: network, parameters } = await detector({ model }).build();
  const { input, flops, params } = golden[name];
  expect([parameters, detectorFlops(network, input)]).toEqual([params, flops]);
  const tensors = tf.memory().numTensors;
  // with the backbone's share given, the rest is counted alone
  const features = [256, 512, 1024, 2048].map((c, i) =>
    tf.zeros<tf.Rank.R4>([1, input[0] / 2 ** (i + 2), input[1] / 2 ** (i + 2), c]),
  );
  const rest = detectorFlops(network, input, { features });
  expect(rest).toBeLessThan(flops - 7e10);
  tf.dispose(features);
  expect(tf.memory().numTensors).toBe(tensors);
  network.dispose();
});

test('a convolution in groups', () => {
  const conv = new Conv2d({ inChannels: 8, outChannels: 4, kernelSize: 3, groups: 2 });
  const run = () => void conv.forward(tf.zeros([1, 6, 6, 8]));
  expect(countFlops(run)).toBe(4 * 4 * 4 * 9 * 4);
  conv.dispose();
});
