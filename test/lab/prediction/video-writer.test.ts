// Videos written by ffmpeg: whole or not at all.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { VideoWriter } from '../../../src/lab/prediction/video-writer';
import { fakeFfmpeg, hasFfmpeg } from '../../ffmpeg';

const root = mkdtempSync(join(tmpdir(), 'detlab-writer-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const frame = (width: number, height: number, value = 99) => ({
  data: new Uint8Array(4 * width * height).fill(value),
  width,
  height,
});

function probe(file: string): string {
  const fields = ['-show_entries', 'stream=codec_name,width,height,avg_frame_rate', '-of', 'csv=p=0'];
  return String(execFileSync('ffprobe', ['-v', 'error', ...fields, file])).trim();
}

describe.skipIf(!hasFfmpeg)('with ffmpeg', () => {
  test.each([
    ['a.mp4', 'h264|mpeg4'],
    ['deep/er/a.webm', 'vp9|vp8'],
  ])('%s: odd sides are padded, folders are made', async (name, codec) => {
    const writer = new VideoWriter(join(root, name), 12.5);
    for (let i = 0; i < 5; i++) await writer.write(frame(33, 21, 50 * i));
    expect(await writer.close()).toBe(join(root, name));
    expect(probe(join(root, name))).toMatch(new RegExp(`^(${codec}),34,22,25/2`));
  });

  test('frames of two sizes are refused, and leave no file', async () => {
    const folder = join(root, 'sizes');
    mkdirSync(folder);
    const writer = new VideoWriter(join(folder, 'a.mp4'), 5);
    await writer.write(frame(32, 32));
    await expect(writer.write(frame(16, 32))).rejects.toThrow(
      'its frames are 32 x 32, frame 1 is 16 x 32. A video has one size',
    );
    await writer.abandon();
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('no frames', async () => {
  await expect(new VideoWriter('a.mp4', 5).close()).rejects.toThrow(
    'Cannot write the video "a.mp4": there are no frames',
  );
});

test('an ffmpeg that is absent, lacks the encoder, or fails', async () => {
  const folder = join(root, 'fakes');
  mkdirSync(folder);
  const write = async () => {
    const writer = new VideoWriter(join(folder, 'out', 'a.mp4'), 5);
    try {
      for (let i = 0; i < 50; i++) await writer.write(frame(64, 64));
      await writer.close();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  };
  vi.stubEnv('PATH', join(root, 'nothing'));
  await expect(write()).rejects.toThrow(/a\.mp4": ffmpeg is not installed\. Install ffmpeg/);
  vi.unstubAllEnvs();
  vi.stubEnv('DETLAB_FFMPEG', fakeFfmpeg(folder, { ffmpeg: 'echo " V..... libtheora"' }));
  await expect(write()).rejects.toThrow('this ffmpeg has no encoder for .mp4. Use .mp4 or .webm');
  const encoders = 'case "$*" in *-encoders*) echo " V..... libx264";;';
  fakeFfmpeg(folder, { ffmpeg: `${encoders} *) echo "No space left on device" >&2; exit 1;; esac` });
  await expect(write()).rejects.toThrow(/^Cannot write the video ".*a\.mp4": No space left on device$/);
  expect(readdirSync(join(folder, 'out'))).toEqual([]);
});
