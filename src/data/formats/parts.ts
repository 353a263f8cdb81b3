// The parts of a data set whose splits are folders (train, valid, test), or whose files name them.

import { isSplit, TRAINING_SPLITS, VALIDATION_SPLITS } from '../datasets/voc/split-names';
import type { AnnotatedImage, AnnotatedPart } from './annotated-image';

/** The split of a path by the folders that it is in; `train` when none is named as a split. */
export function splitOf(file: string): string {
  const folder = file.split('/').slice(0, -1).find(isSplit);
  return folder === undefined ? 'train' : splitName(folder);
}

/** `train`, `val` or `test` of what a tool calls it. */
export function splitName(given: string): string {
  const name = given.trim().toLowerCase();
  if (TRAINING_SPLITS.includes(name)) return 'train';
  if (VALIDATION_SPLITS.includes(name)) return 'val';
  return name === 'testing' ? 'test' : name;
}

/** Images by the name of their split, in the order of the images. */
export function partsOf(
  images: readonly (readonly [split: string, image: AnnotatedImage])[],
  folders: string[],
): AnnotatedPart[] {
  const parts = new Map<string, AnnotatedPart>();
  for (const [name, image] of images) {
    const part = parts.get(name);
    if (part) part.images.push(image);
    else parts.set(name, { name, folders, images: [image] });
  }
  return [...parts.values()];
}
