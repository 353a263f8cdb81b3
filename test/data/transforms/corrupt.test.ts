// The corruptions beside imagecorruptions, with the random numbers of a formula.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import * as blur from '../../../src/data/pixels/corruptions/blur';
import * as digital from '../../../src/data/pixels/corruptions/digital';
import type { FloatImage } from '../../../src/data/pixels/corruptions/float-image';
import { FROST_FILES, frost } from '../../../src/data/pixels/corruptions/frost';
import * as noise from '../../../src/data/pixels/corruptions/noise';
import { spatter } from '../../../src/data/pixels/corruptions/spatter';
import * as weather from '../../../src/data/pixels/corruptions/weather';
import { CORRUPTIONS, Corrupt, corrupted } from '../../../src/data/transforms/corrupt';
import type { Sample } from '../../../src/data/transforms/sample';
import '../../../src/data/node-platform';
import { Random } from '../../../src/random';
import { u01 } from '../../golden-data';

const golden = JSON.parse(readFileSync(path.join(__dirname, '../../golden/corruptions.json'), 'utf8')) as Record<
  string,
  number[]
>;
const [height, width] = [40, 36];
const formulaBytes = (rows: number, columns: number) =>
  Uint8Array.from({ length: rows * columns * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [y, x] = [Math.floor(pixel / columns), pixel % columns];
    const stripes = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 160 + ((x * y) % 96);
    return [(3 * x + 5 * y) % 256, (Math.floor((x * x) / 7) + 11 * y) % 256, stripes][i % 3];
  });
const bytes = formulaBytes(height, width);
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

const inLevels = (key: string) => /^(spatter|frost) /.test(key);
const large = { height: 72, width: 96 };

it.each(Object.keys(golden).filter(inLevels))('%s, bit for bit', (key) => {
  const [name, severity] = key.split(' ');
  const levels = name === 'frost' ? frosted(Number(severity)) : spattered(Number(severity));
  expect(golden[key].map((_, i) => Math.trunc(levels[23 * i]))).toEqual(golden[key]);
});

function spattered(severity: number): Float64Array {
  let next = 0;
  const normal = () => 3.4 * u01('spatter', next++) - 1.7;
  return spatter(formulaBytes(large.height, large.width), large, severity, normal);
}

/** Sides of the textures, by severity. */
const TEXTURES: Record<number, readonly [number, number]> = { 1: [90, 100], 3: [50, 100], 4: [120, 60], 5: [40, 41] };

function textureOf([rows, columns]: readonly [number, number]) {
  const data = Uint8Array.from({ length: rows * columns * 3 }, (_, i) => {
    const [y, x] = [Math.floor(i / 3 / columns), Math.floor(i / 3) % columns];
    return [7 * x + 3 * y, x * y, x * x + y][i % 3] % 256;
  });
  return { data, height: rows, width: columns, order: 'rgb' as const };
}

function frosted(severity: number): Float64Array {
  const { integer } = draws();
  integer(0, 5); // which photograph
  const texture = textureOf(TEXTURES[severity]);
  return frost(formulaBytes(large.height, large.width), large, severity, texture, (limit) => integer(0, limit));
}

it.each(Object.keys(golden).filter((key) => !inLevels(key)))('%s', (key) => {
  const [name, severity] = key.split(' ');
  const found = run[name](Number(severity)).data;
  const worst = golden[key].reduce((most, value, i) => Math.max(most, Math.abs(found[23 * i] * 255 - value)), 0);
  expect(worst).toBeLessThan(SINGLE.includes(name) ? 1e-3 : 2e-5);
});

it('every corruption gives an image that the seed repeats', async () => {
  for (const name of CORRUPTIONS.filter((one) => one !== 'frost')) {
    const twice = await Promise.all(
      [1, 1].map((seed) => corrupted({ data: bytes, height, width, order: 'rgb' }, name, 3, Random.seeded(seed))),
    );
    expect([name, twice[0].data.length]).toEqual([name, bytes.length]);
    expect(twice[0].data).toEqual(twice[1].data);
    expect(twice[0].data).not.toEqual(bytes);
  }
});

it('frost is refused without its photographs, and drawn with them', async () => {
  const options = (given: object) => Corrupt.options.safeParse({ corruption: 'frost', ...given });
  expect(JSON.stringify(options({}).error?.issues)).toMatch(/frost_dir.*pip install imagecorruptions/);
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-frost-'));
  const photograph = textureOf([90, 100]);
  try {
    const given = options({ frost_dir: folder, severity: 2 }).data!;
    const sample = () => ({ image: { data: bytes, height, width, order: 'bgr' } }) as unknown as Sample;
    const run = (seed: number) => Corrupt.build(given, {} as never)(sample(), Random.seeded(seed));
    await expect(run(1)).rejects.toThrow(/frost\d.(png|jpg).*pip install imagecorruptions/);
    const raw = { raw: { height: 90, width: 100, channels: 3 as const } };
    for (const name of FROST_FILES) await sharp(photograph.data, raw).toFile(path.join(folder, name));
    const random = Random.seeded(1);
    const which = random.integer(5);
    const found = (await run(1))!.image as { data: Uint8Array };
    if (which < 3) {
      const expected = frost(bytes, { height, width }, 2, photograph, (limit) => random.integer(limit));
      expect(found.data).toEqual(Uint8Array.from(expected, Math.trunc));
    }
    expect(((await run(1))!.image as { data: Uint8Array }).data).toEqual(found.data);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
