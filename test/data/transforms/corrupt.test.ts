// The corruptions beside imagecorruptions, with the random numbers of a formula.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import * as blur from '../../../src/data/pixels/corruptions/blur';
import * as digital from '../../../src/data/pixels/corruptions/digital';
import type { FloatImage } from '../../../src/data/pixels/corruptions/float-image';
import * as noise from '../../../src/data/pixels/corruptions/noise';
import * as weather from '../../../src/data/pixels/corruptions/weather';
import { CORRUPTIONS, corrupted } from '../../../src/data/transforms/corrupt';
import '../../../src/data/node-platform';
import { Random } from '../../../src/random';

const golden = JSON.parse(readFileSync(path.join(__dirname, '../../golden/corruptions.json'), 'utf8')) as Record<
  string,
  number[]
>;
const [height, width] = [40, 36];
const bytes = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  const [y, x] = [Math.floor(pixel / width), pixel % width];
  const stripes = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 160 + ((x * y) % 96);
  return [(3 * x + 5 * y) % 256, (Math.floor((x * x) / 7) + 11 * y) % 256, stripes][i % 3];
});
const image: FloatImage = { data: Float64Array.from(bytes, (value) => value / 255), height, width };

/** The formula's random numbers. */
function draws() {
  let k = 0;
  const u = () => (0.1 + k++ * 0.6180339887498949) % 1;
  return {
    normal: () => 3.4 * u() - 1.7,
    poisson: (mean: number) => Math.floor(mean + u()),
    uniform: (low: number, high: number) => low + (high - low) * u(),
    integer: (low: number, high: number) => low + Math.floor((high - low) * u()),
  };
}

const run: Record<string, (severity: number) => FloatImage> = {
  gaussian_noise: (s) => noise.gaussianNoise(image, s, draws().normal),
  shot_noise: (s) => {
    const { poisson } = draws();
    return noise.shotNoise(image, s, (_, mean) => poisson(mean));
  },
  speckle_noise: (s) => noise.speckleNoise(image, s, draws().normal),
  defocus_blur: (s) => blur.defocusBlur(image, s),
  glass_blur: (s) => {
    const { integer } = draws();
    return blur.glassBlur(image, s, (reach) => integer(-reach, reach));
  },
  motion_blur: (s) => blur.motionBlur(image, s, draws().uniform(-45, 45)),
  zoom_blur: (s) => blur.zoomBlur(image, s),
  gaussian_blur: (s) => blur.gaussianBlur(image, s),
  snow: (s) => {
    const { normal, uniform } = draws();
    const flakes = Array.from({ length: height * width }, normal);
    let next = 0;
    return weather.snow(image, s, () => flakes[next++], uniform(-135, -45));
  },
  fog: (s) => {
    const { uniform } = draws();
    return weather.fog(image, s, (limit) => uniform(-limit, limit));
  },
  brightness: (s) => digital.brightness(image, s),
  contrast: (s) => digital.contrast(image, s),
  saturate: (s) => digital.saturate(image, s),
  elastic_transform: (s) => {
    const { uniform } = draws();
    return digital.elasticTransform(image, s, (limit) => uniform(-limit, limit));
  },
  pixelate: (s) => digital.pixelate(image, s),
};

/** In gray levels, where the reference computes in float32. */
const SINGLE = ['zoom_blur', 'snow', 'motion_blur', 'elastic_transform', 'defocus_blur'];

it.each(Object.keys(golden))('%s', (key) => {
  const [name, severity] = key.split(' ');
  const found = run[name](Number(severity)).data;
  const worst = golden[key].reduce((most, value, i) => Math.max(most, Math.abs(found[23 * i] * 255 - value)), 0);
  expect(worst).toBeLessThan(SINGLE.includes(name) ? 1e-3 : 2e-5);
});

it('every corruption gives an image that the seed repeats', async () => {
  for (const name of CORRUPTIONS) {
    const twice = await Promise.all(
      [1, 1].map((seed) => corrupted({ data: bytes, height, width, order: 'rgb' }, name, 3, Random.seeded(seed))),
    );
    expect([name, twice[0].data.length]).toEqual([name, bytes.length]);
    expect(twice[0].data).toEqual(twice[1].data);
    expect(twice[0].data).not.toEqual(bytes);
  }
});
