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
