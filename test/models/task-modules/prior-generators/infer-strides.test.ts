import { expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { build, specs } from './cases';

test.each<[string, ModuleConfig]>([
  ['AnchorGenerator', specs.rpn],
  ['MlvlPointGenerator', { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] }],
])('%s: strides come from the features, and must be theirs', (type, config) => {
  const inputs = [8, 16].map((stride) => ({ stride, channels: 4 }));
  const { strides, ...rest } = config;
  expect(build(rest as ModuleConfig, { inputs }).strides).toEqual([
    [8, 8],
    [16, 16],
  ]);
  expect(() => build(config, { inputs })).toThrow(
    new RegExp(`${type} has 5 strides \\[4, 8, 16, 32, 64\\].* 2 levels of strides \\[8, 16\\]`),
  );
  expect(() => build(rest as ModuleConfig)).toThrow(/strides are neither given nor known/);
});

test('strides that are the size of an image over that of its levels are those of the levels', () => {
  const inputs = [8, 16, 32, 64, 128].map((stride) => ({ stride, channels: 4 }));
  const yolact = [69, 35, 18, 9, 5].map((cells) => 550 / cells);
  const given = { type: 'AnchorGenerator', scales: [3], ratios: [1], strides: yolact };
  expect(build(given, { inputs }).strides.map(([x]) => x)).toEqual(yolact);
  expect(() => build({ ...given, strides: yolact.map((v) => v / 2) }, { inputs })).toThrow(/has 5 strides/);
});
