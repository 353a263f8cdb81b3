// PhotoMetricDistortion against MMDetection's, for the numbers it drew.

import { it } from 'vitest';
import { type Distortion, distort } from '../../../src/data/transforms/photo-metric-distortion';
import { casesNamed, check, given, numbers } from './golden-cases';

it.each(casesNamed(/^photo/))('%s', (name, c) => {
  const [own] = given(c);
  const [mode, brightness, contrast, saturation, hue, swap, ...values] = numbers(c);
  const distortion: Distortion = { contrastLast: mode === 0 };
  if (brightness) distortion.brightness = values[0];
  if (contrast) distortion.contrast = values[1];
  if (saturation) distortion.saturation = values[2];
  if (hue) distortion.hue = values[3];
  if (swap) distortion.swap = values.slice(4);
  own.image = distort(own.image!, distortion);
  check(name, own, 2e-3);
});
