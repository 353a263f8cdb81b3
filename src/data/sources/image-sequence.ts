// Files of several images as sources: an animation (GIF, WebP, AVIF) is a video, whose frames are as browsers show them; the pages
// of a TIFF are images by their numbers, from 1 on.

import { open } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { DetLabError } from '../../errors';
import { readStart } from '../loading/bounded-read';
import { decodePage } from '../loading/decode';
import { type FrameCount, frameCount } from '../loading/frame-count';
import { requirePixels } from '../loading/pixel-limit';
import type { PixelImage } from '../types';
import { type OpenedSource, rereadable, type SourceImage } from './source-image';
import { type FrameOptions, openVideo } from './video-frames';

/** Frames are decoded together, of at most so many bytes: the one before has to be known for each. */
const TOGETHER = 2 ** 25;
/** Milliseconds of a frame that says less than it can mean, as browsers show it. */
const USUAL_DELAY = 100;
const SHORTEST_DELAY = 11;

/** The file's frames or pages as a source; undefined for a file of one image, or one that cannot be read. */
export async function openSequence(
  file: string,
  name: string,
  options: FrameOptions,
): Promise<OpenedSource | undefined> {
  const { delays, pages, count } = await frameCount(file);
  if (pages && count > 1) return openPages(file, name, pages);
  if (delays) return openAnimation(file, name, { count, delays }, options);
  return (await isAvifSequence(file)) ? openVideo(path.resolve(file), name, options) : undefined;
}

/** libvips has no decoder for them; ffmpeg has. */
async function isAvifSequence(file: string): Promise<boolean> {
  const start = await readStart(file, 12).catch(() => Buffer.alloc(0));
  return start.toString('latin1', 4) === 'ftypavis';
}

/** A GIF ends with a semicolon, after which programs write little; decoders show what there is of one that was cut off. */
async function isCutOff(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(16), 0, 16, Math.max(0, size - 16));
    return (await readStart(file, 3)).toString('latin1') === 'GIF' && !buffer.includes(';');
  } finally {
    await handle.close();
  }
}

function openPages(file: string, name: string, pages: readonly number[]): OpenedSource {
  async function* images(): AsyncGenerator<SourceImage> {
    for (const [i, page] of pages.entries()) {
      const pageName = `${name}#page=${i + 1}`;
      const decode = () => decodePage(file, page, pageName);
      yield { name: pageName, read: async () => rereadable(await decode(), decode) };
    }
  }
  return { kind: 'images', images: images(), total: pages.length, notices: [] };
}

type Frames = Required<Pick<FrameCount, 'count' | 'delays'>>;

/** Frames at their times; `fps` takes those that are shown at so many times a second. */
function openAnimation(
  file: string,
  name: string,
  { count, delays }: Frames,
  { fps, maxFrames, signal }: FrameOptions,
): OpenedSource {
  const starts: number[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    starts.push(end / 1000);
    end += delays[i] >= SHORTEST_DELAY ? delays[i] : USUAL_DELAY;
  }
  const rate = fps ?? (1000 * count) / end;
  const shown = fps === undefined ? starts.map((time, frame) => ({ time, frame })) : sampled(starts, end / 1000, fps);
  const chosen = shown.slice(0, maxFrames);
  const notices: string[] = [];
  const frameAgain = framesAgain(file, count);
  async function* images(): AsyncGenerator<SourceImage> {
    let next = 0;
    if (await isCutOff(file))
      notices.push(`"${name}" is cut off after ${count} frames, the last of which may not be whole. Copy it again`);
    for await (const { pixels, frame } of decoded(file, name, count, notices))
      for (; chosen[next]?.frame === frame; next++) {
        if (signal?.aborted) return;
        const again = () => frameAgain(frame);
        yield {
          name: `${name}#${next}`,
          time: chosen[next].time,
          fps: rate,
          read: async () => rereadable(pixels, again),
        };
        if (next === chosen.length - 1) return;
      }
  }
  return { kind: 'video', images: images(), total: chosen.length, video: { fps: rate }, notices };
}

function sampled(starts: readonly number[], end: number, fps: number): { time: number; frame: number }[] {
  const times = Array.from({ length: Math.max(1, Math.round(end * fps)) }, (_, i) => i / fps);
  let frame = 0;
  return times.map((time) => {
    while (starts[frame + 1] <= time) frame++;
    return { time, frame };
  });
}

/** All frames in order, up to the first that is damaged. */
async function* decoded(
  file: string,
  name: string,
  count: number,
  notices: string[],
): AsyncGenerator<{ pixels: PixelImage; frame: number }> {
  let [frame, together] = [0, 1]; // the first says how large they are
  while (frame < count) {
    let frames: PixelImage[];
    try {
      frames = await framesOf(file, frame, Math.min(together, count - frame));
    } catch (error) {
      if (together > 1) {
        together = 1;
        continue;
      }
      if (frame === 0)
        throw new DetLabError(`Cannot decode image "${name}": ${(error as Error).message.split('\n')[0]}`);
      notices.push(`"${name}" has ${frame} frames that can be decoded, of ${count}: it is damaged or cut off`);
      return;
    }
    if (frame === 0) together = togetherOf(frames[0].width, frames[0].height);
    for (const pixels of frames) yield { pixels, frame: frame++ };
  }
}

/** Reads single frames: with each the ones after it, which are asked for next. */
function framesAgain(file: string, count: number): (frame: number) => Promise<PixelImage> {
  let kept: { first: number; frames: PixelImage[] } | undefined;
  return async (frame) => {
    const known = kept?.frames[frame - kept.first];
    if (known) return known;
    const [{ width, height }] = kept?.frames ?? (await framesOf(file, frame, 1));
    kept = { first: frame, frames: await framesOf(file, frame, Math.min(togetherOf(width, height), count - frame)) };
    return kept.frames[0];
  };
}

const togetherOf = (width: number, height: number): number => Math.max(1, Math.floor(TOGETHER / (4 * width * height)));

/** Frames of an animation, one below the other in what is decoded. */
async function framesOf(file: string, page: number, pages: number): Promise<PixelImage[]> {
  const image = sharp(file, { page, pages, failOn: 'truncated', ignoreIcc: true, limitInputPixels: false });
  const { width, height, pageHeight = height } = await image.metadata();
  requirePixels(width, pageHeight);
  const { data } = await image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const size = 3 * width * pageHeight;
  return Array.from({ length: pages }, (_, i) => ({
    data: new Uint8Array(data.subarray(i * size, (i + 1) * size)), // of its own memory
    width,
    height: pageHeight,
    order: 'rgb',
  }));
}
