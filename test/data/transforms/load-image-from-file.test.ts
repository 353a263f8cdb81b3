// LoadImageFromFile: float pixels, and the two decoders of mmcv that are reproduced.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import type { ImageRecord } from '../../../src/data';
import { resizeBilinear } from '../../../src/data/pixels/resize-bilinear';
import { runSteps, sampleOf } from '../../../src/data/transforms/sample';
import { catalogue } from '../../../src/lab/catalogue';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

const folder = mkdtempSync(join(tmpdir(), 'detlab-decode-'));
afterAll(() => rmSync(folder, { recursive: true }));

const load = (file: string, options: object, ...more: ({ type: string } & Record<string, unknown>)[]) => {
  const record = { id: 1, path: join(folder, file), width: 1, height: 1 } as ImageRecord;
  const steps = [{ type: 'LoadImageFromFile', ...options }, ...more];
  const built = steps.map((step, i) => catalogue.build('transform', step, { path: `pipeline.${i}` }));
  return runSteps(built, sampleOf(record), Random.seeded(0)).then((sample) => sample!.image!);
};

test('to_float32: resized without rounding', async () => {
  const noise = Buffer.from(Uint8Array.from({ length: 60 * 3 }, (_, i) => (i * 97) % 256));
  await sharp(noise, { raw: { width: 10, height: 6, channels: 3 } })
    .png()
    .toFile(join(folder, 'noise.png'));
  const resize = { type: 'Resize', scale: [7, 5] };
  const floats = await load('noise.png', { to_float32: true }, resize);
  expect(floats.data).toBeInstanceOf(Float32Array);
  const whole = await load('noise.png', {});
  const { data } = resizeBilinear({ ...whole, data: Float32Array.from(whole.data) }, 7, 5);
  expect(floats.data).toEqual(data);
  expect([...floats.data].some((value) => !Number.isInteger(value))).toBe(true);
});

test('pillow lays a transparent gray image on a plain colour, cv2 drops the transparency', async () => {
  const { transparent } = goldenJson<{ transparent: { file: string; rgb: string } }>('legal_options');
  writeFileSync(join(folder, 'gray.png'), Buffer.from(transparent.file, 'base64'));
  const image = await load('gray.png', { imdecode_backend: 'pillow' });
  expect(Buffer.from(image.data.buffer).toString('base64')).toBe(transparent.rgb);
  const plain = await load('gray.png', { imdecode_backend: 'cv2' });
  expect([...plain.data.slice(0, 6)]).toEqual([0, 0, 0, 8, 8, 8]);
});

test('what pillow converts in its own way is refused, not decoded otherwise', async () => {
  const deep = sharp({ create: { width: 4, height: 4, channels: 3, background: '#888' } }).toColourspace('grey16');
  await deep.png().toFile(join(folder, 'deep.png'));
  await expect(load('deep.png', { imdecode_backend: 'pillow' })).rejects.toThrow(
    'imdecode_backend "pillow" is not reproduced for 16-bit gray images: use "cv2"',
  );
  await expect(load('deep.png', {})).resolves.toMatchObject({ width: 4, height: 4 });
});
