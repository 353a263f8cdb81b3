// GenericRoIExtractor against MMDetection's (roi_parts.safetensors).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { type GenericRoIExtractor, roiHeads } from '../../../../src/models/roi-heads';
import { torchShape } from '../../../../src/nn';
import { expectClose, fillByFormula, golden, maxDifference, nchw, nhwc, sgn } from '../../../golden-data';

const registry = new Registry(roiHeads);
const build = (config: object, context: Partial<BuildContext> = {}) =>
  registry.build('roi_extractor', { type: 'GenericRoIExtractor', ...config } as ModuleConfig, {
    path: 'extractor',
    ...context,
  }) as GenericRoIExtractor;
const { tensors, metadata } = golden('roi_parts');
const cases = JSON.parse(metadata.cases) as Record<string, { featmap_strides: number[] }>;
const rois = new Float32Array([0, 3, 4, 30, 25.5, 1, 10, 2, 60, 44, 0, 20.25, 10, 40, 47, 1, 0, 0, 9, 9]);

beforeAll(async () => void (await startEngine()));

describe.each(Object.entries(cases))('%s', (name, config) => {
  test('pooled regions and gradients', () => {
    const extractor = build(config);
    const expected = JSON.parse(metadata[`${name}.params`]) as Record<string, number[]>;
    expect(Object.fromEntries([...extractor.named()].map(([key, p]) => [key, torchShape(p)]))).toEqual(expected);
    expect([...extractor.named()].map(([key]) => key)).toEqual(Object.keys(expected));
    fillByFormula(extractor);
    tf.tidy(() => {
      const features = config.featmap_strides.map((s) => {
        const shape = [2, 4, 48 / s, 64 / s];
        return nhwc({ shape, data: sgn(`feat${s}`, shape) });
      });
      const out = tensors.get(`${name}.out`)!;
      const weights = nhwc({ shape: out.shape, data: sgn('g', out.shape) });
      expectClose(nchw(extractor.forward(features, rois)), out.data, 2e-5);
      const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(extractor.forward(xs as tf.Tensor4D[], rois), weights));
      for (const [i, g] of tf.grads(loss)(features).entries()) {
        const wanted = tensors.get(`${name}.grad${i}`)!.data;
        expectClose(nchw(g), wanted, 1e-4 * maxDifference(wanted, new Float32Array(wanted.length)), `gradient ${i}`);
      }
    });
    expect(extractor.forward([], new Float32Array(0)).shape[0]).toBe(0);
    extractor.dispose();
  });
});

const levels = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));

test('channels come from the neck, and must be its', () => {
  const config = { roi_layer: { type: 'RoIAlign', output_size: 7 } };
  expect(build(config, { inputs: levels }).output.channels).toBe(8);
  expect(build({ ...config, aggregation: 'concat' }, { inputs: levels }).output.channels).toBe(32);
  expect(() => build({ ...config, out_channels: 16 }, { inputs: levels })).toThrow(
    /out_channels is 16, but .*"sum".* \[8, 8, 8, 8\] channels give 8/,
  );
  expect(() => build({ ...config, featmap_strides: [8] }, { inputs: levels })).toThrow(/\[8\], but/);
});
