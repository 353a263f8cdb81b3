// Frames of videos and cameras by the user's ffmpeg: their number and times, again by number; and programs that are absent, slow,
// or fail.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { framesAgain, isProblem, type OpenedSource, openSource } from '../../../src/data';
import { cameraInput, PpmReader, videoInfo } from '../../../src/data/sources/video-frames';
import { clip, fakeFfmpeg, hasFfmpeg } from '../../ffmpeg';

let root: string;
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'detlab-videos-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

async function frames({ images }: OpenedSource) {
  const found = [];
  for await (const image of images) if (!isProblem(image)) found.push({ ...image, ...(await image.read()) });
  return found;
}

describe.skipIf(!hasFfmpeg)('with ffmpeg', () => {
  test('all frames with their times; each again by its number', async () => {
    const file = clip(join(root, 'bars.mp4'));
    expect(await videoInfo(file)).toEqual({ fps: 10, duration: 2 });
    const opened = await openSource(file);
    expect([opened.kind, opened.total, opened.video]).toEqual(['video', 20, { file, fps: 10 }]);
    const found = await frames(opened);
    expect(found.map(({ name }) => name)).toEqual(Array.from({ length: 20 }, (_, i) => `bars.mp4#${i}`));
    expect(found.map(({ time }) => time)).toEqual(Array.from({ length: 20 }, (_, i) => i / 10));
    expect([found[0].pixels.width, found[0].pixels.height]).toEqual([64, 48]);
    expect(Buffer.compare(found[0].pixels.data, found[19].pixels.data)).not.toBe(0);
    expect(opened.notices).toEqual([]);
    // as when nobody has kept the pixels
    const [fresh] = await frames(await openSource(file, { maxFrames: 1 }));
    expect(Buffer.compare(fresh.pixels.data, found[0].pixels.data)).toBe(0);
    const every = [];
    for await (const pixels of framesAgain(file, 'bars.mp4', { fps: 10, every: 7 })) every.push(pixels.data);
    expect(every.map((data) => found.findIndex(({ pixels }) => Buffer.compare(pixels.data, data) === 0))).toEqual([
      0, 7, 14,
    ]);
    for await (const small of framesAgain(file, 'bars.mp4', { fps: 10, every: 19, side: 32 }))
      expect([small.width, small.height]).toEqual([32, 24]);
  });

  test('a rate, the first frames, a variable rate and a turned video', async () => {
    const file = clip(join(root, 'turned.mp4'), { more: ['-metadata:s:v', 'rotate=90'] });
    const slow = await openSource(file, { fps: 2, maxFrames: 3 });
    expect(slow.total).toBe(3);
    expect((await frames(slow)).map(({ time }) => time)).toEqual([0, 0.5, 1]);
    const gaps = clip(join(root, 'gaps.mkv'), { more: ['-vf', 'select=not(between(n\\,5\\,14))', '-vsync', '0'] });
    const found = await frames(await openSource(gaps));
    expect(found.length).toBeGreaterThanOrEqual(10);
    expect(found.length).toBeLessThanOrEqual(21);
  });

  test('a name that ffmpeg would take for an option or address', async () => {
    const file = join(root, '-i http:x.mp4');
    writeFileSync(file, readFileSync(clip(join(root, 'plain.mp4'), { seconds: 1 })));
    expect(await frames(await openSource(file))).toHaveLength(10);
  });

  test('a damaged video gives what can be read, and says so', async () => {
    const seconds = 5;
    const whole = readFileSync(
      clip(join(root, 'whole.mp4'), { seconds, more: ['-c:v', 'mjpeg', '-movflags', 'faststart'] }),
    );
    const file = join(root, 'cut.mp4');
    writeFileSync(file, whole.subarray(0, whole.length * 0.6));
    const opened = await openSource(file);
    const found = await frames(opened);
    expect(found.length).toBeGreaterThan(3);
    expect(opened.notices.at(-1)).toBe(
      `"cut.mp4" has ${found.length} frames that can be decoded, about 50 by its length: it is damaged or cut off`,
    );
  });

  test.each([
    ['text.mp4', 'no video at all', /^Cannot read the video "text\.mp4": .*(Invalid data|moov)/],
    ['empty.mp4', '', /^Cannot read the video "empty\.mp4": /],
    [
      'list.mkv',
      '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n',
      /^Cannot read the video "list\.mkv": /,
    ],
  ])('%s: no video', async (name, content, message) => {
    writeFileSync(join(root, name), content);
    await expect(openSource(join(root, name)).then(frames)).rejects.toThrow(message);
  });

  test('sound alone', async () => {
    const file = join(root, 'sound.mkv');
    spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=1', file]);
    await expect(openSource(file)).rejects.toThrow('it has no video, only sound or nothing');
  });

  test('whoever has enough ends ffmpeg, and so does Stop', async () => {
    const file = clip(join(root, 'long.mp4'), { seconds: 60 });
    for await (const _ of (await openSource(file)).images) break;
    const stop = new AbortController();
    let count = 0;
    for await (const _ of (await openSource(file, { signal: stop.signal })).images) if (++count === 3) stop.abort();
    expect(count).toBe(3);
  });
});

describe('programs that are absent, or fail', () => {
  const video = () => {
    const file = join(root, 'some.mp4');
    writeFileSync(file, 'x');
    return file;
  };

  test('one line says what to install', async () => {
    vi.stubEnv('PATH', join(root, 'nothing'));
    await expect(openSource(video())).rejects.toThrow(
      'Cannot read the video "some.mp4": ffprobe is not installed. Install ffmpeg (Debian and Ubuntu: apt install ffmpeg; macOS: ' +
        'brew install ffmpeg; Windows: winget install ffmpeg), or set DETLAB_FFMPEG to its path',
    );
    await expect(openSource('camera:0').then(frames)).rejects.toThrow('Cannot read camera:0: ffmpeg is not installed');
    vi.stubEnv('DETLAB_FFMPEG', join(root, 'nowhere/ffmpeg'));
    await expect(openSource(video())).rejects.toThrow(
      /there is no ".*nowhere\/ffprobe"; DETLAB_FFMPEG must be the path of ffmpeg/,
    );
  });

  const frame = `printf 'P6\\n2 1\\n255\\n123456'`;

  test('ends after some frames: they are given before the error', async () => {
    vi.stubEnv(
      'DETLAB_FFMPEG',
      fakeFfmpeg(root, { ffmpeg: `${frame}; ${frame}; echo '[h264 @ 0x1] disk on fire' >&2; exit 3` }),
    );
    const { images } = await openSource(video());
    const found: string[] = [];
    const read = async () => {
      for await (const image of images) found.push(image.name);
    };
    await expect(read()).rejects.toThrow(/^Cannot read the video "some\.mp4": disk on fire$/);
    expect(found).toEqual(['some.mp4#0', 'some.mp4#1']);
  });

  test.each([
    ['exit 7', 'ffmpeg ended with 7'],
    ['exit 0', 'it has no frames that can be decoded'],
    [
      'printf "hello, this is no portable pixmap at all, but a text of more than a header"',
      'expected PPM images of ffmpeg',
    ],
    [`printf 'P6\\n999999 999999\\n255\\n%064d' 0`, 'pixels, the limit is'],
  ])('%s', async (ffmpeg, message) => {
    vi.stubEnv('DETLAB_FFMPEG', fakeFfmpeg(root, { ffmpeg }));
    await expect(openSource(video()).then(frames)).rejects.toThrow(message);
  });

  test('an ffprobe that says nothing useful', async () => {
    vi.stubEnv('DETLAB_FFMPEG', fakeFfmpeg(root, { ffmpeg: 'exit 0', ffprobe: 'echo nonsense' }));
    await expect(openSource(video())).rejects.toThrow("ffprobe's answer is no JSON: nonsense");
  });

  test('a camera that waits is ended by Stop', async () => {
    vi.stubEnv('DETLAB_FFMPEG', fakeFfmpeg(root, { ffmpeg: `${frame}; exec sleep 100` }));
    const stop = new AbortController();
    const found: string[] = [];
    const opened = await openSource('/dev/video7', { signal: stop.signal, fps: 4 });
    for await (const image of opened.images) {
      found.push(`${image.name}`);
      setTimeout(() => stop.abort(), 50);
    }
    expect([found, opened.video]).toEqual([['/dev/video7#0'], { fps: 4 }]);
  });
});

test('cameras by platform', () => {
  expect(cameraInput('camera:1', 'linux')).toEqual(['-f', 'v4l2', '-i', '/dev/video1']);
  expect(cameraInput('camera', 'linux')).toEqual(['-f', 'v4l2', '-i', '/dev/video0']);
  expect(cameraInput('camera:0', 'darwin').slice(-2)).toEqual(['-i', '0:none']);
  expect(cameraInput('camera:HD Cam', 'win32')).toEqual(['-f', 'dshow', '-i', 'video=HD Cam']);
  expect(() => cameraInput('camera:0', 'win32')).toThrow('on Windows a camera has a name');
});

test('PPM images from pieces of any size', () => {
  const bytes = Buffer.concat(
    [0, 1, 2].map((i) => Buffer.concat([Buffer.from(`P6\n${i + 1} 1\n255\n`), Buffer.alloc(3 * (i + 1), 10)])),
  );
  for (const size of [1, 5, 16, 1000]) {
    const reader = new PpmReader();
    const found = [];
    for (let i = 0; i < bytes.length; i += size) found.push(...reader.push(bytes.subarray(i, i + size)));
    expect(found.map(({ width, data }) => [width, data.length])).toEqual([
      [1, 3],
      [2, 6],
      [3, 9],
    ]);
  }
});
