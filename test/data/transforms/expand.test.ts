// Expand against MMDetection's, for the numbers it drew.

import { it } from 'vitest';
import { applyExpand } from '../../../src/data/transforms/expand';
import { casesNamed, check, given, numbers, options } from './golden-cases';

it.each(casesNamed(/^expand/))('%s', (name, c) => {
  const [own] = given(c);
  const [, ratio, left, top] = numbers(c);
  const { width, height } = own.image!;
  const place = { left: Math.trunc(left), top: Math.trunc(top) };
  check(
    name,
    applyExpand(own, options(c), {
      ...place,
      width: Math.trunc(width * ratio),
      height: Math.trunc(height * ratio),
    }),
  );
});
