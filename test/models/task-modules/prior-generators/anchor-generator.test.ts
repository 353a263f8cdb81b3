// AnchorGenerator against MMDetection's (prior_generators.safetensors).

import { expect, test } from 'vitest';
import { build, data, expectGrid, specs, testAnchors } from './cases';

for (const name of ['rpn', 'retina', 'center_off']) testAnchors(name);

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
  for (const [level, valid] of flags.entries()) expect([...valid]).toEqual([...data(`rpn.valid${level}`)]);
  const anchors = generator.gridPriors(sizes)[1];
  const some = [0, 5, 7, 20].flatMap((i) => [...anchors.subarray(4 * i, 4 * i + 4)]);
  expectGrid(some, 'rpn.sparse_l1');
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
