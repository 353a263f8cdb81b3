// The ground truth of a dataset for Cityscapes' evaluation: the label ids of its classes, the maps of instance ids of its images.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError, didYouMean } from '../errors';
import { CITYSCAPES_CLASSES, CITYSCAPES_LABELS } from '../masks/cityscapes-labels';

const IMAGES = 'leftImg8bit';

/**
 * Ids of Cityscapes' labels by label of a dataset.
 * @throws DetLabError for a class that is none of Cityscapes'
 */
export function cityscapesLabelIds(classes: readonly string[]): number[] {
  const names = CITYSCAPES_LABELS.map(({ name }) => name);
  return classes.map((name) => {
    const id = names.indexOf(name);
    if (id >= 0) return id;
    throw new DetLabError(
      `Cannot evaluate class "${name}" by CityScapesMetric: expected classes of Cityscapes ` +
        `(${CITYSCAPES_CLASSES.join(', ')}).${didYouMean(name, names)}`,
    );
  });
}

/**
 * The file of instance ids of each image, by image id. MMDetection asserts seg_prefix and looks beside leftImg8bit whatever it
 * is; here seg_prefix comes first.
 *
 * @throws DetLabError for an image without one
 */
export function instanceFiles({ records }: Pick<Dataset, 'records'>, segPrefix: string | null): Map<number, string> {
  return new Map(records.map((record) => [record.id, fileOf(record, segPrefix)]));
}

function fileOf({ path: image }: ImageRecord, segPrefix: string | null): string {
  const folder = path.dirname(image);
  const base = path.basename(image, path.extname(image)).replace(new RegExp(`_${IMAGES}$`), '');
  const name = `${base}_gtFine_instanceIds.png`;
  const parts = folder.split(path.sep);
  const at = parts.lastIndexOf(IMAGES);
  const beside = parts.map((part, i) => (i === at ? 'gtFine' : part)).join(path.sep);
  const places = [
    ...(segPrefix === null
      ? []
      : [path.resolve(segPrefix, path.basename(folder), name), path.resolve(segPrefix, name)]),
    ...(at < 0 ? [] : [path.join(beside, name)]),
  ];
  const file = places.find((place) => existsSync(place));
  if (file !== undefined) return file;
  throw new DetLabError(
    `Cannot evaluate image "${image}" by CityScapesMetric: there is no ${places.join(', no ') || `${name} for it`}. ` +
      'Set seg_prefix to the folder of the instance ids, or evaluate by CocoMetric alone',
  );
}
