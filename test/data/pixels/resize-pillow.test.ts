// Resizing as by Pillow, bit for bit, and through the transforms that take `backend`.

import { expect, test } from 'vitest';
import type { ImageRecord } from '../../../src/data';
import { resizePillow } from '../../../src/data/pixels/resize-pillow';
import { sampleOf } from '../../../src/data/transforms/sample';
import type { AnyImage } from '../../../src/data/types';
import { catalogue } from '../../../src/lab/catalogue';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

const { resized } = goldenJson<{ resized: { size: [number, number]; pixels: string }[] }>('legal_options');
const [width, height] = [31, 23];
const data = new Uint8Array(width * height * 3);
for (let y = 0, i = 0; y < height; y++)
  for (let x = 0; x < width; x++) {
    data[i++] = (3 * x + 5 * y) % 256;
    data[i++] = (Math.floor((x * x) / 7) + 11 * y) % 256;
    data[i++] = ((Math.floor(x / 4) + Math.floor(y / 4)) % 2) * 160 + ((x * y) % 96);
  }
const image: AnyImage = { data, width, height, order: 'bgr' };

const run = (config: { type: string } & Record<string, unknown>, pixels: AnyImage = image) => {
  const record = { id: 1, path: 'formula', width, height } as ImageRecord;
  const transform = catalogue.build('transform', config, { path: 'pipeline.0' });
  return transform({ ...sampleOf(record), image: pixels }, Random.seeded(0));
};

test.each(resized)('$size', async ({ size: [w, h], pixels }) => {
  const expected = new Uint8Array(Buffer.from(pixels, 'base64'));
  expect(resizePillow({ data, width, height, order: 'bgr' }, w, h).data).toEqual(expected);
  for (const type of ['Resize', 'LetterResize']) {
    const options = type === 'Resize' ? {} : { stretch_only: true };
    const sample = await run({ type, scale: [w, h], backend: 'pillow', ...options });
    expect(sample!.image!.data).toEqual(expected);
  }
});

test('pillow resizes 8-bit pixels only', () => {
  const floats = { ...image, data: Float32Array.from(data) };
  expect(() => run({ type: 'Resize', scale: 9, backend: 'pillow' }, floats)).toThrow(
    'Cannot run Resize with backend "pillow" on "formula": expected 8-bit pixels, received floats',
  );
});
