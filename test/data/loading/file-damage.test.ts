// Image files that are empty or cut off are found without decoding those that are whole.

import path from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, it, vi } from 'vitest';
import { damagedFiles } from '../../../src/data/loading/file-damage';
import { writeFiles } from '../datasets/cases';

afterEach(() => vi.unstubAllEnvs());

const image = () => sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } });

async function damaged(files: Record<string, Buffer>): Promise<Record<string, string>> {
  const root = writeFiles(files);
  const found = await damagedFiles(Object.keys(files).map((name) => ({ path: path.join(root, name), id: name })));
  return Object.fromEntries([...found.values()].map(({ id, kind, message }) => [id, `${kind}: ${message}`]));
}

it('finds files that are empty, cut off or no images', async () => {
  const formats = [image().jpeg(), image().png(), image().webp(), image().tiff(), image().avif(), image().gif()];
  const [jpeg, png, webp, tiff, avif, gif] = await Promise.all(formats.map((format) => format.toBuffer()));
  const bmp = Buffer.from('BM\x00\x00\x00\x00\x00\x00\x00\x00\x36'.padEnd(54, '\0'), 'latin1');
  const found = await damaged({
    'whole.jpg': jpeg,
    'whole.png': png,
    'whole.webp': webp,
    'whole.tif': tiff,
    'whole.avif': avif,
    'whole.gif': gif,
    'whole.pgm': Buffer.from('P5 1 1 255\na'),
    'empty.jpg': Buffer.alloc(0),
    'cut.jpg': jpeg.subarray(0, -30),
    'cut.png': png.subarray(0, -30),
    'cut.webp': webp.subarray(0, -10),
    'cut.bmp': bmp,
    'page.jpg': Buffer.from('<html>404</html>'),
    'phone.jpg': Buffer.concat([Buffer.from('\0\0\0\x18ftypheic'), Buffer.alloc(40)]),
  });
  expect(Object.keys(found).sort()).toEqual([
    'cut.bmp',
    'cut.jpg',
    'cut.png',
    'cut.webp',
    'empty.jpg',
    'page.jpg',
    'phone.jpg',
  ]);
  expect(found['empty.jpg']).toMatch(/^unreadable-image: Cannot decode image ".*empty.jpg": the file is empty/);
});

it('accepts bytes after the end of an image', async () => {
  const jpeg = await image().jpeg().toBuffer();
  expect(await damaged({ 'more.jpg': Buffer.concat([jpeg, Buffer.from('camera notes')]) })).toEqual({});
});

it('finds files above the pixel limit by their annotated size', async () => {
  const root = writeFiles({ 'a.png': await image().png().toBuffer() });
  vi.stubEnv('DETLAB_MAX_PIXELS', '1000');
  const size = { width: 64, height: 48 };
  const found = await damagedFiles([{ path: path.join(root, 'a.png'), id: 7, size }]);
  expect([...found.values()][0].message).toContain('DETLAB_MAX_PIXELS=3072');
});

it('reports files that are gone', async () => {
  const found = await damagedFiles([{ path: '/nowhere/a.jpg', id: 7 }]);
  expect([...found.values()]).toMatchObject([{ kind: 'missing-image', id: 7 }]);
});
