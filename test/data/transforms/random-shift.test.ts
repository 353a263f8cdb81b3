// RandomShift against MMDetection's, for the numbers it drew.

import { it } from 'vitest';
import { applyShift } from '../../../src/data/transforms/random-shift';
import { casesNamed, check, given, numbers } from './golden-cases';

it.each(casesNamed(/^shift/))('%s', (name, c) => {
  const [own] = given(c);
  const [, x, y] = numbers(c);
  check(name, applyShift(own, x, y));
});
