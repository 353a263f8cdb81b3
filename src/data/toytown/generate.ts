// Toytown: synthetic street scenes on disk, as JPEG and COCO JSON, so that a dataset's whole path is exercised without a
// download. Deterministic given the seed, generated once, resumable.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { loadCoco } from '../datasets/coco';
import { streamFor } from '../loading/random-streams';
import type { Dataset } from '../types';
import { composeScene, type Scene } from './scene';
import { TOYTOWN_CLASSES } from './thing';

export interface ToytownOptions {
  /** Images of both splits together; default 500. */
  images?: number;
  seed?: number;
  /** Root folder; each set of options has its own subfolder. Default `runs/data`. */
  dir?: string;
  width?: number;
  height?: number;
  /** Fraction of the images held out for validation; default 0.2. */
  valShare?: number;
  onProgress?: (done: number, total: number) => void;
  /** Stops between two images; a later call continues from there. */
  signal?: AbortSignal;
}

export interface ToytownSplit {
  annFile: string;
  imgDir: string;
  images: number;
}

export interface ToytownFiles {
  dir: string;
  train: ToytownSplit;
  val: ToytownSplit;
}

/** Incremented when the images change, so that an older folder is not reused. */
const VERSION = 1;
const JPEG_QUALITY = 90;

/**
 * Generates the images and annotation files, unless they exist.
 *
 * @example const { train } = await generateToytown({ images: 300, seed: 1, dir: 'runs/data' });
 */
export async function generateToytown(options: ToytownOptions = {}): Promise<ToytownFiles> {
  const { dir, width, height, seed, total, splits } = toytownSplits(options, 'toytown');
  const progress = { done: 0, total };
  const made: Record<string, ToytownSplit> = {};
  for (const { split, first, count } of splits) {
    const imgDir = path.join(dir, split);
    const annFile = path.join(dir, 'annotations', `${split}.json`);
    made[split] = { annFile, imgDir, images: count };
    // the annotation file is written last: if it exists, the split is complete
    if (existsSync(annFile)) progress.done += count;
    else await makeSplit(imgDir, annFile, first, count, { ...options, seed, width, height }, progress);
    options.onProgress?.(progress.done, progress.total);
  }
  return { dir, train: made.train, val: made.val };
}

/** The folder of a set of options, and which scenes its splits have. @throws DetLabError for options out of range */
export function toytownSplits(options: ToytownOptions, name: string) {
  const { images = 500, seed = 0, width = 320, height = 240, valShare = 0.2 } = options;
  for (const [option, value, low, high] of [
    ['images', images, 2, 1_000_000],
    ['width', width, 64, 8192],
    ['height', height, 64, 8192],
  ] as const)
    if (!Number.isInteger(value) || value < low || value > high)
      throw new DetLabError(
        `Cannot generate toytown: expected ${option} to be an integer from ${low} to ${high}, received ${value}`,
      );
  if (!(valShare > 0 && valShare < 1))
    throw new DetLabError(`Cannot generate toytown: expected valShare between 0 and 1, received ${valShare}`);
  const folder = `${name}-v${VERSION}-${images}-seed${seed}-${width}x${height}${valShare === 0.2 ? '' : `-val${valShare}`}`;
  const dir = path.resolve(options.dir ?? path.join('runs', 'data'), folder);
  const val = Math.max(1, Math.min(images - 1, Math.round(images * valShare)));
  const splits = [
    { split: 'train', first: 0, count: images - val },
    { split: 'val', first: images - val, count: val },
  ] as const;
  return { dir, width, height, seed, total: images, splits };
}

/** Generates toytown if needed, and loads both splits. */
export async function loadToytown(options: ToytownOptions = {}): Promise<{ train: Dataset; val: Dataset }> {
  const { train, val } = await generateToytown(options);
  return {
    train: await loadCoco(train.annFile, train.imgDir, { name: 'toytown train', filterEmpty: true }),
    val: await loadCoco(val.annFile, val.imgDir, { name: 'toytown val' }),
  };
}

async function makeSplit(
  imgDir: string,
  annFile: string,
  first: number,
  count: number,
  options: ToytownOptions & { seed: number; width: number; height: number },
  progress: { done: number; total: number },
): Promise<void> {
  const { seed, width, height } = options;
  await mkdir(imgDir, { recursive: true });
  await mkdir(path.dirname(annFile), { recursive: true });
  const images: object[] = [];
  const annotations: object[] = [];
  for (let i = first; i < first + count; i++) {
    if (options.signal?.aborted) throw new DetLabError('Generating toytown was interrupted; the next call resumes it');
    const id = i + 1;
    const file_name = `${String(id).padStart(6, '0')}.jpg`;
    const scene = sceneWithObjects(width, height, seed, i);
    images.push({ id, file_name, width, height });
    for (const truth of scene.truths)
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id: TOYTOWN_CLASSES.indexOf(truth.class) + 1,
        bbox: truth.bbox,
        area: truth.area,
        iscrowd: 0,
        segmentation: truth.segmentation,
      });
    const file = path.join(imgDir, file_name);
    if (!existsSync(file)) await writeAtomically(file, await scene.draw().encode('jpeg', JPEG_QUALITY));
    options.onProgress?.(++progress.done, progress.total);
  }
  const info = { description: `DetLab toytown v${VERSION}, seed ${seed}` };
  const categories = TOYTOWN_CLASSES.map((name, i) => ({ id: i + 1, name, supercategory: 'toytown' }));
  await writeAtomically(annFile, JSON.stringify({ info, images, annotations, categories }));
}

/** The scene of image `index`: the first of its random stream that contains an object. */
export function sceneWithObjects(width: number, height: number, seed: number, index: number): Scene {
  for (let attempt = 0; ; attempt++) {
    const scene = composeScene(width, height, streamFor(seed, index, attempt));
    if (scene.truths.length > 0) return scene;
  }
}

/** Writes a temporary file and renames it, so that a file is either complete or absent. */
export async function writeAtomically(file: string, data: Uint8Array | string): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  try {
    await writeFile(beside, data);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
