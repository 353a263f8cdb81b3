// MixUp and CachedMixUp against MMDetection's, for the numbers they drew.

import { expect, it } from 'vitest';
import { mixUp } from '../../../src/data/transforms/mix-up-images';
import { bytes, casesNamed, check, difference, given, numbers, options } from './golden-cases';

it.each(casesNamed(/^mixup_(\d|free|cached)/))('%s', (name, c) => {
  const [own, other] = given(c);
  const draws = numbers(c);
  if (name.includes('cached')) draws.shift();
  const [jitter, turn, ...offsets] = draws;
  const offset = (x: number, y: number): [number, number] => {
    const top = y > 0 ? offsets.shift()! : 0;
    return [x > 0 ? offsets.shift()! : 0, top];
  };
  const { image: picture, truths } = mixUp(own, other, { jitter, flip: turn > 0.5, offset }, options(c), true);
  expect(offsets).toEqual([]);
  const meta = { ...own.meta, imgShape: [picture.height, picture.width] as [number, number] };
  // doubles of the reference, cut to bytes: one of a thousand lies one level off
  check(name, { ...own, image: picture, truths, meta }, 1);
  expect(difference(picture.data, bytes(`${name}.img`)).count).toBeLessThan(picture.data.length / 1000);
});
