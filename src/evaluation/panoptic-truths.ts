// The annotated segments of an evaluation: those of the dataset's records, or of a panoptic annotation file and its maps.

import path from 'node:path';
import type { Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { type PanopticTruths, SEGMENT } from '../masks';
import { readCocoJson } from './coco-json';

export interface PanopticAnnotations {
  /** By image. */
  truths: ReadonlyMap<number, PanopticTruths>;
  /** Of each class whether it has objects. */
  isThing: readonly boolean[];
}

/**
 * @param folder of the maps, named after the images; null: where the dataset says
 * @throws DetLabError for a dataset without segments
 */
export function panopticOfDataset(
  { name, classes, categories, records }: Dataset,
  folder: string | null = null,
): PanopticAnnotations {
  const mapOf = (image: string) => path.resolve(folder!, path.basename(image).replace('.jpg', '.png'));
  const truths = new Map(
    records.flatMap(({ id, path: image, panoptic }) =>
      panoptic ? [[id, folder === null ? panoptic : { ...panoptic, file: mapOf(image) }] as const] : [],
    ),
  );
  if (truths.size === 0)
    throw new DetLabError(
      `Cannot evaluate the segments of "${name}": it has no panoptic maps. Load the data with CocoPanopticDataset, or evaluate by CocoMetric`,
    );
  const isThing = classes.map((_, label) => categories?.find((category) => category.label === label)?.isThing);
  if (isThing.every((known) => known !== undefined)) return { truths, isThing };
  // merged data sets have no categories
  const things = new Set<number>();
  for (const { labels, kinds } of truths.values())
    for (const [i, label] of labels.entries()) if (kinds[i] !== SEGMENT.stuff) things.add(label);
  return { truths, isThing: isThing.map((known, label) => known ?? things.has(label)) };
}

interface PanopticFile {
  categories: { id: number; name: string; isthing?: number | boolean }[];
  annotations: {
    image_id: number;
    file_name: string;
    segments_info: { id: number; category_id: number; iscrowd?: number | boolean }[];
  }[];
}

/** @throws DetLabError for a file that is no panoptic annotation file, or without a class */
export async function panopticOfFile(
  file: string,
  folder: string,
  classes: readonly string[],
): Promise<PanopticAnnotations> {
  const { categories, annotations } = (await readCocoJson(file, 'panoptic annotation file')) as Partial<PanopticFile>;
  if (!Array.isArray(categories) || !Array.isArray(annotations) || !annotations.every((one) => one.segments_info))
    throw new DetLabError(
      `Cannot read the panoptic annotation file "${file}": expected categories, and annotations with segments_info`,
    );
  const missing = classes.find((name) => !categories.some((category) => category.name === name));
  if (missing !== undefined)
    throw new DetLabError(`Cannot evaluate class "${missing}": "${file}" has no such category`);
  const labelOf = new Map(categories.map(({ id, name }) => [id, classes.indexOf(name)]));
  const isThing = classes.map((name) => Boolean(categories.find((category) => category.name === name)!.isthing));
  const truths = annotations.map(({ image_id, file_name, segments_info }): [number, PanopticTruths] => {
    const used = segments_info.filter(({ category_id }) => (labelOf.get(category_id) ?? -1) >= 0);
    const labels = Int32Array.from(used, ({ category_id }) => labelOf.get(category_id)!);
    return [
      image_id,
      {
        file: path.resolve(folder, file_name),
        ids: Int32Array.from(used, ({ id }) => id),
        labels,
        kinds: Uint8Array.from(used, ({ iscrowd }, i) =>
          iscrowd ? SEGMENT.crowd : isThing[labels[i]] ? SEGMENT.thing : SEGMENT.stuff,
        ),
      },
    ];
  });
  return { truths: new Map(truths), isThing };
}
