// What a model predicts on, opened: names, order and number of the images of files, folders, patterns, addresses, lists, streams.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isProblem, type OpenedSource, openSource } from '../../../src/data';

let root: string;
let png: Buffer;
const pixel = [10, 20, 30];

beforeAll(async () => {
  png = await sharp({ create: { width: 4, height: 2, channels: 3, background: '#0a141e' } })
    .png()
    .toBuffer();
  root = mkdtempSync(join(tmpdir(), 'detlab-sources-'));
  mkdirSync(join(root, 'photos', 'more'), { recursive: true });
  mkdirSync(join(root, 'empty'));
  for (const name of ['photos/10.png', 'photos/2.png', 'photos/._2.png', 'photos/more/1.PNG', 'photos/[a]*.png'])
    writeFileSync(join(root, name), png);
  writeFileSync(join(root, 'photos/notes.txt'), 'no image');
  writeFileSync(join(root, 'photos/clip.mp4'), 'no video');
  writeFileSync(join(root, 'bad.jpg'), 'no image');
  symlinkSync(root, join(root, 'photos', 'more', 'round'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (...names: string[]) => join(root, ...names);

async function all({ images }: OpenedSource): Promise<{ name: string; message?: string; first?: number[] }[]> {
  const found = [];
  for await (const one of images)
    if (isProblem(one)) found.push(one);
    else found.push({ name: one.name, first: [...(await one.read()).pixels.data.subarray(0, 3)] });
  return found;
}

test.each([
  ['a path', () => at('photos/2.png'), '2.png'],
  ['a path with the characters of a pattern', () => at('photos/[a]*.png'), '[a]*.png'],
  ['a file address', () => pathToFileURL(at('photos/[a]*.png')).href, '[a]*.png'],
  ['an URL', () => pathToFileURL(at('photos/2.png')), '2.png'],
  ['a data address', () => `data:image/png;base64,${png.toString('base64')}`, 'data address'],
  [
    'an escaped data address',
    () => `data:image/png;base64,${encodeURIComponent(png.toString('base64'))}`,
    'data address',
  ],
  ['bytes', () => png, 'image'],
  ['a Uint8Array', () => Uint8Array.from(png), 'image'],
])('one image: %s', async (_, source, name) => {
  const opened = await openSource(source());
  expect([opened.kind, opened.total]).toEqual(['image', 1]);
  expect(await all(opened)).toEqual([{ name, first: pixel }]);
});

test('a folder: its images in natural order; what else is in it is said', async () => {
  const opened = await openSource(at('photos'));
  expect([opened.kind, opened.total]).toEqual(['images', 3]);
  expect((await all(opened)).map(({ name }) => name)).toEqual(['[a]*.png', '2.png', '10.png']);
  expect(opened.notices).toEqual(['1 video of the folder "photos" not used: give them by name']);
});

test('patterns, below folders whose links lead in a circle', async () => {
  const names = async (pattern: string) => (await all(await openSource(pattern))).map(({ name }) => name);
  expect(await names(at('photos/[0-9]*.png'))).toEqual(['2.png', '10.png']);
  expect(await names(`${root}/**/*.{png,PNG}`)).toEqual(['[a]*.png', '2.png', '10.png', '1.PNG']);
});

test('of the bytes of an animation the first frame is used, and that is said', async () => {
  const white = await sharp({ create: { width: 4, height: 2, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const gif = await sharp([png, white], { join: { animated: true } })
    .gif()
    .toBuffer();
  const noticesOf = async (source: unknown) => {
    const opened = await openSource(source);
    expect((await all(opened)).map(({ first }) => first)).toEqual([pixel]);
    return opened.notices.map((notice) => notice.replace(/, of which.*/s, ''));
  };
  expect(await noticesOf([[gif]])).toEqual(['"image" has 2 frames']);
  expect(await noticesOf(gif)).toEqual(['"image" has 2 frames']);
  expect(await noticesOf(`data:image/gif;base64,${gif.toString('base64')}`)).toEqual(['"data address" has 2 frames']);
});

test('a list of all of them; what cannot be opened is left out by name', async () => {
  const list = [
    at('photos/2.png'),
    png,
    at('photos'),
    at('photo/2.png'),
    at('empty'),
    7,
    null,
    'ftp://host/a.png',
    at('bad.jpg'),
  ];
  const opened = await openSource(list);
  expect([opened.kind, opened.total]).toEqual(['images', undefined]);
  const { images } = opened;
  const found: (string | undefined)[] = [];
  for await (const one of images) found.push(isProblem(one) ? one.message : one.name);
  expect(found).toEqual([
    '2.png',
    'image 2',
    '[a]*.png',
    '2.png',
    '10.png',
    `Cannot find image "${at('photo/2.png')}": there is no such file or folder.`,
    expect.stringContaining('no image is in it'),
    expect.stringContaining('Cannot predict on the number 7: expected images'),
    expect.stringContaining('Cannot predict on null'),
    expect.stringContaining('Cannot predict on "ftp://host/a.png": expected http, https, file or data'),
    'bad.jpg', // its bytes are looked at when it is read
  ]);
});

test('files only: their number is known', async () => {
  expect((await openSource([at('photos/2.png'), png])).total).toBe(2);
});

test('a stream: each is read before the next is made, into the same memory', async () => {
  const memory = Buffer.alloc(3); // whose slice() is no copy
  let ended = false;
  async function* frames() {
    try {
      for (let i = 0; ; i++) {
        memory.fill(i);
        yield i === 1 ? (7 as never) : { data: memory, width: 1, height: 1 };
      }
    } finally {
      ended = true;
    }
  }
  const found = await all(await openSource(frames(), { maxFrames: 4 }));
  expect(found).toEqual([
    { name: 'frame 0', first: [0, 0, 0] },
    { name: 'frame 1', message: 'Cannot predict on frame 1: expected an image, received the number 7' },
    { name: 'frame 2', first: [2, 2, 2] },
    { name: 'frame 3', first: [3, 3, 3] },
  ]);
  expect(ended).toBe(true);
});

test('pixels of many are read again where nobody kept them', async () => {
  const { images } = await openSource([at('photos/2.png'), { data: Uint8Array.of(1, 2, 3), width: 1, height: 1 }]);
  const again: number[][] = [];
  for await (const one of images)
    if (!isProblem(one)) again.push([...(await (await one.read()).again()).data.subarray(0, 3)]);
  expect(again).toEqual([pixel, [1, 2, 3]]);
});

test.each([
  ['', 'Cannot predict on "": expected the path or address of images'],
  [
    () => at('photos/3.png'),
    /Cannot find image ".*3\.png": there is no such file or folder\. Did you mean ".*photos\/2\.png"\?/,
  ],
  [() => at('empty'), 'Cannot predict on the folder "empty": no image is in it'],
  [() => at('photos/*.gif'), /Cannot predict on ".*\*\.gif": no image is matched by it/],
  ['rtsp://host/stream', 'expected http, https, file or data of an address, received "rtsp". Download it'],
  ['http://', 'Cannot predict on "http://": this is no address'],
  ['https://example.org/clip.mp4?x=1', 'Cannot predict on "https://example.org/clip.mp4": a video is read from a file'],
  ['file://host/a.png', 'Cannot predict on "file://host/a.png"'],
  ['data:image/png;base64', 'expected data:image/png;base64,...'],
  [0, "A camera is 'camera:0'"],
  [{ a: 1 }, 'Cannot predict on an object: expected images'],
  [undefined, 'Cannot predict on undefined'],
])('refused alone: %#', async (source, message) => {
  const read = async () => all(await openSource(typeof source === 'function' ? source() : source));
  await expect(read()).rejects.toThrow(message);
});
