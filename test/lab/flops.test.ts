// Multiply-adds and parameters of whole detectors, as MMDetection counts them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src';
import { countFlops, detectorFlops } from '../../src/lab/flops';
import { buildDetector } from '../../src/models/build';
import { Conv2d } from '../../src/nn';

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/flops.json'), 'utf8'));

beforeAll(() => startEngine());

const config = (name: string) => JSON.parse(readFileSync(join(__dirname, `../golden/config_${name}.json`), 'utf8'));

test.each([
  ['faster_r50', 'faster_r50_fpn_1x'],
  ['retinanet_r50', 'retinanet_r50'],
])(
  '%s',
  (name, file) => {
    const { model } = config(file).merged;
    model.backbone.init_cfg = null;
    const network = buildDetector(model);
    const { input, flops, params } = golden[name];
    expect([network.parameterCount(), detectorFlops(network, input)]).toEqual([params, flops]);
    network.dispose();
  },
  60_000,
);

test('a convolution in groups', () => {
  const conv = new Conv2d({ inChannels: 8, outChannels: 4, kernelSize: 3, groups: 2 });
  const run = () => void conv.forward(tf.zeros([1, 6, 6, 8]));
  expect(countFlops(run)).toBe(4 * 4 * 4 * 9 * 4);
  conv.dispose();
});
