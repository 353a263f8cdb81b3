// Multiply-adds and parameters of whole detectors, as MMDetection counts them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { loadConfig } from '../../src/config';
import { countFlops, detectorFlops } from '../../src/lab/flops';
import { buildDetector } from '../../src/models/build';
import { Conv2d } from '../../src/nn';
import { slowCases } from '../slow-cases';

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/flops.json'), 'utf8'));

beforeAll(() => startEngine());

const config = (name: string) => JSON.parse(readFileSync(join(__dirname, `../golden/config_${name}.json`), 'utf8'));

test.each<[string, string, number?]>([
  ['faster_r50', 'faster_r50_fpn_1x'],
  ...slowCases<[string, string, number?]>([
    ['retinanet_r50', 'retinanet_r50'],
    // as many regions as its suppression left
    ['faster_fpg', 'faster_r50_fpg50e', 941],
  ]),
  ['ssd300', 'ssd300'],
  ['yolox_s', 'yolox_s'],
])(
  '%s',
  (name, file, proposals = 1000) => {
    const { model } = config(file).merged;
    model.backbone.init_cfg = null;
    const network = buildDetector(model);
    const { input, flops, params } = golden[name];
    expect([network.parameterCount(), detectorFlops(network, input, { proposals })]).toEqual([params, flops]);
    network.dispose();
  },
  60_000,
);

interface Counted {
  input: [number, number];
  flops: number;
  by_operator: Record<string, number>;
  regions?: number;
}
const more: Record<string, Counted> = JSON.parse(readFileSync(join(__dirname, '../golden/flops_more.json'), 'utf8'));

/** What the counter of the reference takes for nothing (deformable convolutions), or counts although it is not needed. */
const OTHERWISE: Record<string, (counted: Counted) => number> = {
  // masks of all regions where we count a hundred: 4 convolutions, the upsampling and 80 classes, three times
  'cascade-mask-rcnn_r50_fpn_1x_coco': ({ regions = 0 }) =>
    -3 * (regions - 100) * (4 * 14 * 14 * 9 * 256 * 256 + 28 * 28 * 256 * (256 + 80)),
  // the heads of five of six decoder layers, of which only the last one predicts
  'deformable-detr_r50_16xb2-50e_coco': () => -5 * 300 * 256 * (80 + 2 * 256 + 4),
  'detr_r50_8xb2-150e_coco': () => -5 * 100 * 256 * (81 + 2 * 256 + 4),
  // 4, 6 and 3 blocks of width 128, 256 and 512 at strides 8, 16 and 32; reading a pixel costs 4
  'faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco': () => deformable,
};
const deformable = [
  [4, 128, 16 * 20],
  [6, 256, 8 * 10],
  [3, 512, 4 * 5],
].reduce((sum, [blocks, width, pixels]) => sum + blocks * pixels * 9 * width * (width + 4), 0);

test.each(Object.entries(more))('%s', (name, counted) => {
  const { input, flops, regions } = counted;
  const given = structuredClone((loadConfig(name).config as { model: ModuleConfig }).model);
  (given.backbone as ModuleConfig).init_cfg = null;
  const network = buildDetector(given);
  const otherwise = OTHERWISE[name]?.(counted) ?? 0;
  expect(detectorFlops(network, input, { proposals: regions })).toBe(flops + otherwise);
  network.dispose();
});

test('levels in place of the backbone leave its cost out', () => {
  const { model } = config('retinanet_r50').merged;
  model.backbone.init_cfg = null;
  model.backbone.depth = 18;
  model.neck.in_channels = [64, 128, 256, 512];
  const network = buildDetector(model).eval();
  const input = tf.zeros<tf.Rank.R4>([1, 64, 64, 3]);
  const backboneLevels = tf.tidy(() => network.backbone.forward(input));
  const whole = detectorFlops(network, [64, 64]);
  const rest = detectorFlops(network, [64, 64], { backboneLevels });
  expect(whole - rest).toBe(countFlops(() => void network.backbone.forward(input)));
  expect(rest).toBeGreaterThan(0);
  expect(backboneLevels.some(({ isDisposed }) => isDisposed)).toBe(false);
  tf.dispose([input, ...backboneLevels]);
  network.dispose();
});

test('a convolution in groups', () => {
  const conv = new Conv2d({ inChannels: 8, outChannels: 4, kernelSize: 3, groups: 2 });
  const run = () => void conv.forward(tf.zeros([1, 6, 6, 8]));
  expect(countFlops(run)).toBe(4 * 4 * 4 * 9 * 4);
  conv.dispose();
});
