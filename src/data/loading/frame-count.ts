// How many images a file holds: frames of an animated GIF, WebP or PNG, pages of a TIFF. Of bytes, addresses and training images
// the first is decoded, as cv2.imread does, so that whoever predicts on them is to know of the others.

import sharp from 'sharp';
import { readStart } from './bounded-read';
import { tiffPages } from './tiff-pages';

export interface FrameCount {
  count: number;
  /** What they are called. */
  what: 'frames' | 'pages';
  /** Of frames that can be decoded one by one: milliseconds that each is shown. */
  delays?: number[];
  /** Of pages: their numbers in the file, from 0. */
  pages?: number[];
}

const ONE: FrameCount = { count: 1, what: 'frames' };
/** Bytes in which a PNG says that it is animated, unless a large profile comes first. */
const START = 2 ** 16;

/** @param source path, or the bytes of a file; 1 for what cannot be read, whose decoding says why */
export async function frameCount(source: string | Uint8Array): Promise<FrameCount> {
  try {
    const start = typeof source === 'string' ? await readStart(source, START) : source.subarray(0, START);
    const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString('latin1');
    if (text.startsWith('\x89PNG')) return pngFrames(text);
    if (/^(II[*+]|MM\0[*+])/.test(text)) {
      const pages = await tiffPages(source);
      return { count: Math.max(1, pages.length), what: 'pages', pages };
    }
    if (!/^(GIF8|RIFF....WEBP)/s.test(text)) return ONE;
    const { pages = 1, delay = [] } = await sharp(source, { limitInputPixels: false }).metadata();
    return pages === 1 ? ONE : { count: pages, what: 'frames', delays: delay };
  } catch {
    return ONE;
  }
}

/** The chunk acTL comes before the pixels: its length, name, number of frames. */
function pngFrames(text: string): FrameCount {
  const at = text.indexOf('acTL');
  const pixels = text.indexOf('IDAT');
  if (at < 0 || (pixels >= 0 && pixels < at) || at + 8 > text.length) return ONE;
  return { count: Math.max(1, Buffer.from(text.slice(at + 4, at + 8), 'latin1').readUInt32BE(0)), what: 'frames' };
}

/** What to know of a file whose first image alone is used, in a sentence; undefined for one image. */
export function firstFrameNotice(name: string, { count, what, delays, pages }: FrameCount): string | undefined {
  if (count === 1) return undefined;
  const advice =
    delays || pages ? 'Give the path of a file to use all' : 'ffmpeg -i FILE FILE.mp4 makes a video of all';
  return `"${name}" has ${count} ${what}, of which the first is used. ${advice}`;
}
