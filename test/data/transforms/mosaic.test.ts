// Mosaic and CachedMosaic against MMDetection's and MMYOLO's, for the numbers they drew.

import { it } from 'vitest';
import { mosaic } from '../../../src/data/transforms/mosaic-tiles';
import { casesNamed, check, given, numbers, options } from './golden-cases';

it.each(casesNamed(/^mosaic/))('%s', (name, c) => {
  const parts = given(c);
  const o = options(c);
  // the wrapper's and the cached ones draw first whether to mix at all
  const [x, y] = numbers(c).slice(-2);
  const center: [number, number] = [Math.trunc(x * o.img_scale[0]), Math.trunc(y * o.img_scale[1])];
  const { image: picture, truths } = mosaic(parts, center, o, name.includes('mmyolo') ? 'mmyolo' : 'mmdet');
  const meta = { ...parts[0].meta, imgShape: [picture.height, picture.width] as [number, number] };
  check(name, { ...parts[0], image: picture, truths, meta });
});
