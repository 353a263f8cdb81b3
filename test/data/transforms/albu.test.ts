// The transforms of Albu against Albumentations'.

import { expect, it, test } from 'vitest';
import '../../../src/data/node-platform';
import { equalize } from '../../../src/data/pixels/clahe';
import { toLab } from '../../../src/data/pixels/lab';
import { equalizeLightness, toGray } from '../../../src/data/transforms/albu-steps';
import { bytes, difference, image } from './golden-cases';
import { replay, replayedCases } from './replayed';

it.each(replayedCases(/^albu_/))('%s', replay);

test('gray, and equalised', () => {
  expect(difference(toGray(image('image3')).data, bytes('gray')).most).toBe(0);
  for (const [i, clip] of [
    [3, 2.5],
    [0, 4],
  ]) {
    const { width, height } = image(`image${i}`);
    const lightness = bytes(`lightness_${i}`);
    expect(difference(equalize(lightness, width, height, clip), bytes(`lightness_${i}_clahe`)).most).toBe(0);
    const [l] = toLab(image(`image${i}`), 0);
    expect(difference(l, lightness).most).toBe(0);
    const full = equalizeLightness(image(`image${i}`), clip).data;
    expect(difference(full, bytes(`clahe_${i}`)).most).toBeLessThanOrEqual(3);
  }
});
