// The images of a source, one at a time: nothing is read before it is asked for.

import type { PixelImage } from '../types';

/** What `read` gives: the pixels, and how to have them again when nobody kept them. */
export interface ReadImage {
  pixels: PixelImage;
  again(): Promise<PixelImage>;
}

export interface SourceImage {
  /** Path, address without its query, or what it is: `image`, `frame 12`. */
  name: string;
  /** Absolute path of an image file. */
  file?: string;
  /** Of a frame: seconds from the start, and the frames a second. */
  time?: number;
  fps?: number;
  read(signal?: AbortSignal): Promise<ReadImage>;
}

/** A part of a source that could not be used. */
export interface SourceProblem {
  name: string;
  message: string;
  /** Absolute path, when it is a file. */
  file?: string;
}

export interface VideoFacts {
  /** Absolute path; undefined: a camera or frames of the caller. */
  file?: string;
  /** Frames a second that are read. */
  fps: number;
}

export interface OpenedSource {
  /** `image`: a single one, whose problem is the caller's error. */
  kind: 'image' | 'images' | 'video';
  /** Ends early when the signal aborts. */
  images: AsyncIterable<SourceImage | SourceProblem>;
  /** Number of images, where it is known. */
  total?: number;
  video?: VideoFacts;
  /** What is worth knowing, one sentence each; more may come while the images are read. */
  notices: string[];
}

export const isProblem = <T extends object>(one: T | SourceProblem): one is SourceProblem => 'message' in one;

/** Reads pixels again unless somebody still has them. */
export function rereadable(pixels: PixelImage, read: () => Promise<PixelImage>): ReadImage {
  const kept = new WeakRef(pixels.data);
  const { data: _, ...shape } = pixels;
  return {
    pixels,
    async again() {
      const data = kept.deref();
      return data ? { ...shape, data } : read();
    },
  };
}
