// RandomAffine against MMDetection's, for the numbers it drew.

import { expect, it } from 'vitest';
import { affineMatrix } from '../../../src/data/pixels/affine-matrix';
import { applyRandomAffine } from '../../../src/data/transforms/random-affine';
import { affineDraw, casesNamed, check, difference, given, options } from './golden-cases';

it.each(casesNamed(/^affine_(\d|free)/))('%s', (name, c) => {
  const [own] = given(c);
  const matrix = Float32Array.from(c.matrix!);
  expect(difference(affineMatrix(affineDraw(c)), matrix).most).toBeLessThan(1e-5);
  check(name, applyRandomAffine(own, matrix, options(c)));
});
