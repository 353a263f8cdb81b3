// ImagePredictions as a COCO results file: a list that pycocotools' `loadRes` and MMDetection read, with the ids of a dataset.

import path from 'node:path';
import type { Dataset } from '../../data';
import { DetLabError } from '../../errors';
import { rotatedCorners } from '../../geometry/rotated-boxes';
import { rleToSegmentation } from '../../masks';
import type { ImagePredictions } from './image-predictions';

export interface CocoEntry {
  image_id: number;
  category_id: number;
  /** x, y, width, height. */
  bbox: [number, number, number, number];
  score: number;
  /** Identity of the object over the frames of a video. */
  track_id?: number;
  /** A compressed mask, or the corners of a rotated box. */
  segmentation?: { size: [number, number]; counts: string } | number[][];
  /** x, y and score of each. */
  keypoints?: number[];
  /** Which image the id is of, where no dataset says so. */
  file_name?: string;
}

/**
 * @param dataset whose ids the entries have. Without: images that are called by a number, as COCO's, have it as their id, others
 * are numbered from 1 in their order; categories are numbered from 1 in the order of the classes
 * @throws DetLabError for an image or a class that the dataset does not have
 */
export function cocoEntries(
  list: readonly ImagePredictions[],
  classes: readonly string[],
  dataset?: Dataset,
): CocoEntry[] {
  const ids = dataset ? idsOfDataset(list, dataset) : idsOfNames(list);
  const names = dataset ? undefined : fileNames(list);
  const categories = dataset ? categoryIds(classes, dataset) : classes.map((_, i) => i + 1);
  return list.flatMap((predictions, i) =>
    Array.from(predictions, ({ label, score, bbox: [x1, y1, x2, y2], rbox, mask, keypoints, id }) => ({
      image_id: ids[i],
      category_id: categories[classes.indexOf(label)],
      bbox: [x1, y1, x2 - x1, y2 - y1] as CocoEntry['bbox'],
      score,
      ...(id !== undefined && { track_id: id }),
      ...(rbox && { segmentation: [Array.from(rotatedCorners(Float32Array.from(rbox)))] }),
      ...(mask && { segmentation: rleToSegmentation(mask) }),
      ...(keypoints && { keypoints }),
      ...(names && { file_name: names[i] }),
    })),
  );
}

const baseOf = (source: string): string => source.split(/[\\/]/).at(-1) ?? source;

/** The file names alone, unless two images share one. */
function fileNames(list: readonly ImagePredictions[]): string[] {
  const names = list.map(({ source }) => baseOf(source));
  return new Set(names).size === names.length ? names : list.map(({ source }) => source);
}

function idsOfNames(list: readonly ImagePredictions[]): number[] {
  const stems = list.map(({ source }) => path.parse(baseOf(source)).name);
  const numbers = stems.map((stem) => (/^\d+$/.test(stem) ? Number(stem) : Number.NaN));
  const isNumbered = numbers.every(Number.isSafeInteger) && new Set(numbers).size === numbers.length;
  return isNumbered ? numbers : list.map((_, i) => i + 1);
}

function idsOfDataset(list: readonly ImagePredictions[], { name, records }: Dataset): number[] {
  const byPath = new Map(records.map(({ path: file, id }) => [path.resolve(file), id]));
  return list.map(({ source, from: { file } }) => {
    const id = byPath.get(file ?? '');
    if (id !== undefined) return id;
    throw new DetLabError(
      `Cannot write COCO results with the ids of "${name}": it has no image "${source}". Predict on its images, or leave out data`,
    );
  });
}

/** The dataset's own ids, or its classes numbered from 1. */
function categoryIds(classes: readonly string[], dataset: Dataset): number[] {
  const { categories = dataset.classes.map((_, label) => ({ id: label + 1, label })) } = dataset;
  return classes.map((name) => {
    const label = dataset.classes.indexOf(name);
    const found = label < 0 ? undefined : categories.find((category) => category.label === label);
    if (found) return found.id;
    throw new DetLabError(
      `Cannot write COCO results with the ids of "${dataset.name}": it has no class "${name}"; its classes are ` +
        `${dataset.classes.join(', ')}`,
    );
  });
}
