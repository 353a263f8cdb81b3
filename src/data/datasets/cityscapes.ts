// Cityscapes as it is downloaded: leftImg8bit/<split>/<city>/..._leftImg8bit.png, gtFine/<split>/<city>/..._gtFine_instanceIds.png.
// Its annotations in COCO's format, which CityscapesDataset reads, are what MMDetection's dataset_converters/cityscapes.py writes.

import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { countsToString, RleBuilder, rleArea, rleToBox } from '../../masks';
import { CITYSCAPES_LABELS } from '../../masks/cityscapes-labels';
import { type LabelMap, readLabelMap } from '../../masks/label-map';

const IMAGES = 'leftImg8bit';
const TRUTHS = 'gtFine';
/** From this id on an instance is a single object; below, a group, which is a crowd. */
const FIRST_INSTANCE = 1000;

/** Where MMDetection's configs have the annotations of a split, relative to the root. */
export const cityscapesAnnotations = (split: string): string =>
  path.join('annotations', `instancesonly_filtered_gtFine_${split}.json`);

export interface CityscapesFiles {
  annFile: string;
  imgDir: string;
}

/**
 * Writes the annotation file of a split from its maps of instance ids, unless it is there.
 *
 * @returns a line for the user when it was written
 * @throws DetLabError when the file is not there, and cannot be made because there are no images or no maps
 * @example await writeCityscapesAnnotations({ annFile: 'annotations/train.json', imgDir: 'leftImg8bit/train' });
 */
export async function writeCityscapesAnnotations({ annFile, imgDir }: CityscapesFiles): Promise<string | undefined> {
  if (existsSync(annFile)) return undefined;
  const truths = truthsFolder(imgDir);
  if (truths === undefined || !existsSync(truths) || !existsSync(imgDir)) return undefined;
  const files = (await readdir(imgDir, { recursive: true })).filter((file) => file.endsWith(`_${IMAGES}.png`)).sort();
  if (files.length === 0)
    throw new DetLabError(
      `Cannot write "${annFile}": there are no images <city>/<name>_${IMAGES}.png in "${imgDir}". Give the folder that has them`,
    );
  const images: object[] = [];
  const annotations: object[] = [];
  for (const [id, file] of files.entries()) {
    const base = file.slice(0, -`${IMAGES}.png`.length);
    const map = readLabelMap(path.join(truths, `${base}${TRUTHS}_instanceIds.png`));
    for (const annotation of annotationsOf(map))
      annotations.push({ ...annotation, image_id: id, id: annotations.length });
    const segm_file = `${base}${TRUTHS}_labelIds.png`;
    images.push({ file_name: file.replaceAll(path.sep, '/'), height: map.height, width: map.width, segm_file, id });
  }
  const categories = CITYSCAPES_LABELS.filter((label) => label.isEvaluated).map(({ id, name }) => ({ id, name }));
  await mkdir(path.dirname(annFile), { recursive: true });
  const part = `${annFile}.${process.pid}.part`;
  await writeFile(part, JSON.stringify({ images, categories, annotations }));
  await rename(part, annFile);
  return `"${annFile}" written from the instance ids of ${images.length} images in "${truths}"`;
}

/** gtFine beside leftImg8bit. */
function truthsFolder(imgDir: string): string | undefined {
  const parts = path.resolve(imgDir).split(path.sep);
  const at = parts.lastIndexOf(IMAGES);
  return at < 0 ? undefined : parts.map((part, i) => (i === at ? TRUTHS : part)).join(path.sep);
}

/** The objects of a map with what COCO asks of them, by ascending id. */
function annotationsOf({ data, width, height }: LabelMap): object[] {
  const masks = new Map<number, RleBuilder>();
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; ) {
      const id = data[y * width + x];
      const from = y;
      while (y < height && data[y * width + x] === id) y++;
      if (!CITYSCAPES_LABELS[labelOf(id)]?.isEvaluated) continue;
      const mask = masks.get(id) ?? new RleBuilder();
      mask.add(x * height + from, x * height + y);
      masks.set(id, mask);
    }
  return [...masks]
    .sort(([a], [b]) => a - b)
    .map(([id, builder]) => {
      const mask = builder.finish(height, width);
      return {
        iscrowd: id < FIRST_INSTANCE ? 1 : 0,
        category_id: labelOf(id),
        bbox: rleToBox(mask),
        area: rleArea(mask),
        segmentation: { size: [height, width], counts: countsToString(mask.counts) },
      };
    });
}

const labelOf = (id: number): number => (id < FIRST_INSTANCE ? id : Math.floor(id / 1000));
