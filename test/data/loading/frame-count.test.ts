// Files with more than one image in them.

import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { firstFrameNotice, frameCount } from '../../../src/data/loading/frame-count';

const plain = (r: number) => sharp({ create: { width: 8, height: 6, channels: 3, background: { r, g: 9, b: 9 } } });
const joined = async () =>
  sharp(await Promise.all([10, 90, 200].map((red) => plain(red).png().toBuffer())), { join: { animated: true } });

it.each([
  ['gif', { count: 3, what: 'frames', delays: [80, 200, 100] }],
  ['webp', { count: 3, what: 'frames', delays: [80, 200, 100] }],
  ['tiff', { count: 3, what: 'pages', pages: [0, 1, 2] }],
] as const)('a %s of three', async (format, expected) => {
  const bytes = await (await joined()).toFormat(format, format === 'tiff' ? {} : { delay: [80, 200, 100] }).toBuffer();
  expect(await frameCount(bytes)).toEqual(expected);
});

it.each(['gif', 'webp', 'tiff', 'png', 'jpeg', 'avif'] as const)('a %s of one', async (format) => {
  expect(await frameCount(await plain(1).toFormat(format).toBuffer())).toMatchObject({ count: 1 });
});

it('an animated PNG says so before its pixels', async () => {
  const png = await plain(1).png().toBuffer();
  const chunk = Buffer.alloc(20);
  chunk.writeUInt32BE(8, 0);
  chunk.write('acTL', 4, 'latin1');
  chunk.writeUInt32BE(12, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 16)), 16);
  const afterHeader = 8 + 25;
  const animated = Buffer.concat([png.subarray(0, afterHeader), chunk, png.subarray(afterHeader)]);
  expect(await frameCount(animated)).toEqual({ count: 12, what: 'frames' });
  expect(await frameCount(animated.subarray(0, afterHeader + 9))).toMatchObject({ count: 1 });
});

it.each([Buffer.alloc(0), Buffer.from('GIF89a'), Buffer.from('II*\0'), Buffer.from('RIFF....WEBP')])(
  'damaged bytes count as one: decoding says what is wrong',
  async (bytes) => expect(await frameCount(bytes)).toMatchObject({ count: 1 }),
);

it('is said with what to do', () => {
  expect(firstFrameNotice('a.gif', { count: 1, what: 'frames' })).toBeUndefined();
  expect(firstFrameNotice('a.png', { count: 3, what: 'frames' })).toMatch(
    /"a.png" has 3 frames, of which the first is used\. ffmpeg/,
  );
  expect(firstFrameNotice('image', { count: 2, what: 'pages', pages: [0, 1] })).toMatch(
    /2 pages.*Give the path of a file/,
  );
});
