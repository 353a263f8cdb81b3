// Anchors against MMDetection's (prior_generators.safetensors); strides against the features they stand on.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { readSafetensors } from '../../../../src/checkpoints/safetensors';
import { type AnchorGenerator, taskModules } from '../../../../src/models/task-modules';

const { tensors, metadata } = readSafetensors(path.join(__dirname, '../../../golden/prior_generators.safetensors'));
const specs = JSON.parse(metadata.specs) as Record<string, ModuleConfig>;
const registry = new Registry(taskModules);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build<AnchorGenerator>('anchor_generator', config, { path: 'anchors', ...context });

function expectClose(actual: ArrayLike<number>, name: string) {
  const expected = tensors.get(name)!.data;
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(6e-5);
}

test.each(['rpn', 'retina', 'center_off', 'ssd300', 'yolov3'])(
  '%s: anchors of a cell and of a map of 3 x 4 cells',
  (name) => {
    const generator = build(specs[name]);
    const grids = generator.gridPriors(generator.strides.map(() => [3, 4]));
    for (const [level, anchors] of generator.baseAnchors.entries()) expectClose(anchors, `${name}.base${level}`);
    for (const [level, anchors] of grids.entries()) expectClose(anchors, `${name}.grid${level}`);
  },
);

test('cells beyond the padded image are not valid', () => {
  const generator = build(specs.rpn);
  // a map of 3 x 4 cells of stride 4 is 12 x 16 pixels; an image of 8 x 12 leaves the last row and column out
  const [flags] = generator.validFlags(
    generator.strides.map(() => [3, 4]),
    [8, 12],
  );
  const row = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0];
  expect([...flags]).toEqual([...row, ...row, ...new Array(12).fill(0)]);
});

test('the valid cells and some single anchors of the reference', () => {
  const generator = build(specs.rpn);
  const sizes = generator.strides.map((): [number, number] => [3, 4]);
  const flags = generator.validFlags(sizes, [12, 16]);
  for (const [level, valid] of flags.entries()) expect([...valid]).toEqual([...tensors.get(`rpn.valid${level}`)!.data]);
  const anchors = generator.gridPriors(sizes)[1];
  const chosen = [0, 5, 7, 20].flatMap((i) => [...anchors.subarray(4 * i, 4 * i + 4)]);
  expectClose(chosen, 'rpn.sparse_l1');
});

test.each([
  ['pt05', 0.5],
  ['pt0', 0],
])('%s: points at %d of the stride', (name, offset) => {
  const points = build({ type: 'MlvlPointGenerator', strides: [8, 16, 32], offset }).gridPriors([
    [4, 5],
    [2, 3],
    [1, 2],
  ]);
  for (const [level, grid] of points.entries()) expectClose(grid, `${name}.l${level}`);
});

test('strides come from the features, and must be theirs', () => {
  const inputs = [8, 16].map((stride) => ({ stride, channels: 4 }));
  const { strides, ...rest } = specs.rpn;
  expect(build(rest as ModuleConfig, { inputs }).strides).toEqual([
    [8, 8],
    [16, 16],
  ]);
  expect(() => build(specs.rpn, { inputs })).toThrow(/5 strides \[4, 8, 16, 32, 64\].* 2 levels of strides \[8, 16\]/);
  expect(() => build(rest as ModuleConfig)).toThrow(/strides are neither given nor known/);
});

test('contradicting options are refused', () => {
  const both = {
    type: 'AnchorGenerator',
    strides: [8],
    ratios: [1],
    scales: [8],
    octave_base_scale: 4,
    scales_per_octave: 3,
  };
  expect(() => build(both)).toThrow(/give either scales, or octave_base_scale/);
  expect(() => build({ ...specs.rpn, base_sizes: [4] })).toThrow(/as many base_sizes as strides \(5\), received 1/);
  expect(() => build(specs.rpn).gridPriors([[2, 2]])).toThrow(/expected 5 feature levels .* received 1/);
});
