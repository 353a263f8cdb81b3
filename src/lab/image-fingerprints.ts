// Fingerprints of image files, for duplicates: read once, several at a time, with little memory per image.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import type { Fingerprint } from '../analysis/near-duplicates';
import { DetLabError } from '../errors';

/** Size at which the grey values are averaged: a multiple of the hash's 9 x 8 and of the thumbnail's 16 x 16. */
const [WIDTH, HEIGHT] = [144, 128];

export interface FingerprintOptions {
  /** Files that are read at a time. */
  workers?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * In the order of the files; undefined for one that cannot be read as an image.
 * @throws DetLabError when the signal aborts it
 */
export async function fingerprints(
  files: readonly string[],
  { workers = availableParallelism(), signal, onProgress }: FingerprintOptions = {},
): Promise<(Fingerprint | undefined)[]> {
  const prints: (Fingerprint | undefined)[] = Array.from(files, () => undefined);
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < files.length) {
      if (signal?.aborted) throw new DetLabError('Looking for duplicates was interrupted');
      const i = next++;
      prints[i] = await fingerprint(files[i]).catch(() => undefined);
      onProgress?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, work));
  return prints;
}

/** @throws Error for a file that is missing or no image */
export async function fingerprint(file: string): Promise<Fingerprint> {
  const bytes = await readFile(file);
  const grey = await sharp(bytes).greyscale().resize(WIDTH, HEIGHT, { fit: 'fill' }).raw().toBuffer();
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    hash: differenceHash(averaged(grey, 9, 8)),
    thumbnail: averaged(grey, 16, 16),
  };
}

/** Means of the cells of a grid. */
function averaged(grey: Uint8Array, columns: number, rows: number): Uint8Array {
  const [width, height] = [WIDTH / columns, HEIGHT / rows];
  const means = new Uint8Array(columns * rows);
  for (let cell = 0; cell < means.length; cell++) {
    const [left, top] = [(cell % columns) * width, Math.floor(cell / columns) * height];
    let sum = 0;
    for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) sum += grey[y * WIDTH + x];
    means[cell] = Math.round(sum / (width * height));
  }
  return means;
}

/** A bit for each pair of neighbours in a row of 9: whether the right one is brighter. */
function differenceHash(cells: Uint8Array): [high: number, low: number] {
  const hash: [number, number] = [0, 0];
  for (let bit = 0; bit < 64; bit++) {
    const at = Math.floor(bit / 8) * 9 + (bit % 8);
    const half = bit < 32 ? 0 : 1;
    hash[half] = ((hash[half] << 1) | (cells[at + 1] > cells[at] ? 1 : 0)) >>> 0;
  }
  return hash;
}
