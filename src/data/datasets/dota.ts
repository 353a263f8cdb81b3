// DOTA (Xia et al., CVPR 2018): aerial images with boxes by their four corners, a text file an image: eight numbers, the class, the
// difficulty. Lines of raw DOTA that name the source and the resolution are passed over. The outline of an object is its box.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { AnnotatedImage, AnnotatedObject } from '../formats/annotated-image';
import { numberedLines, readText } from '../formats/place';
import { readFiles } from '../formats/read-files';
import type { ReadReport } from '../formats/read-report';
import { LIMITS } from '../loading/bounded-read';
import type { Dataset } from '../types';
import { annotatedLoader } from './annotated-loader';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { batchShapes } from './definitions';

/** The classes of DOTA 2.0 and their colours, of which the older versions have the first 15 and 16. */
const CLASSES = [
  'plane|baseball-diamond|bridge|ground-track-field|small-vehicle|large-vehicle|ship|tennis-court|basketball-court',
  'storage-tank|soccer-ball-field|roundabout|harbor|swimming-pool|helicopter|container-crane|airport|helipad',
].flatMap((line) => line.split('|'));
const PALETTE = [
  '#a52a2a #bdb76b #00ff00 #ff0000 #8a2be2 #ff8000 #ff00ff #00ffff #ffc1c1',
  '#003399 #fffacd #008b8b #ffff00 #937474 #0000ff #dc143c #77000b #00008e',
].flatMap((line) => line.split(' '));

const side = z.int().positive();
const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().default('').describe('Folder of the text files; empty: images without annotations'),
  data_prefix: z
    .strictObject({ img_path: z.string().default(''), sub_data_root: unusedPrefix })
    .default({ img_path: '' })
    .describe('img_path: folder of images'),
  img_shape: ignoredOption('the size of an image is that of its file', {
    schema: z.tuple([side, side]).default([1024, 1024]),
  }),
  diff_thr: z.int().min(0).default(100).describe('Objects of a higher difficulty are ignored'),
  proposal_file: z.null().optional().describe('Only null'),
});
type Options = z.output<typeof options>;

/** What raw files say of the whole image. */
const HEADER = /^(imagesource|gsd|acquisition dates)\s*:/i;

async function readObjects(file: string, threshold: number, report: ReadReport): Promise<AnnotatedObject[]> {
  const lines = numberedLines(await readText(file, report, LIMITS.xml));
  return lines.flatMap(({ line, number }): AnnotatedObject[] => {
    if (HEADER.test(line)) return [];
    const place = `Line ${number} of "${file}"`;
    const parts = line.split(/\s+/);
    const corners = parts.slice(0, 8).map(Number);
    const [name, difficulty = '0'] = parts.slice(8);
    if (name === undefined || corners.some((v) => !Number.isFinite(v)) || !/^\d+$/.test(difficulty))
      return (
        report.problem(
          'bad-annotation',
          file,
          place,
          'is no box: expected eight numbers, a class and a difficulty; skipped',
        ) ?? []
      );
    return [{ name, outline: [corners], place, ...(Number(difficulty) > threshold && { ignored: true }) }];
  });
}

/** The images of a folder without annotations. */
const imagesAlone = (folder: string): AnnotatedImage[] =>
  filesOf(folder, '.png').map((name) => ({
    names: [name],
    path: path.join(folder, name),
    file: path.join(folder, name),
    objects: [],
  }));

/** Names of the files of an extension in a folder, in order. @throws DetLabError where there are none */
function filesOf(folder: string, extension: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.toLowerCase().endsWith(extension));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  if (names.length > 0) return names.sort();
  throw new DetLabError(
    `Cannot load "${folder}": expected a folder of ${extension} files, one an image, and there are none. Set ann_file to the folder of ` +
      'the annotations, data_prefix.img_path to that of the images',
  );
}

function dotaLoader(given: Options, { path: at }: BuildContext, count: number): DatasetLoader {
  const classes = CLASSES.slice(0, count);
  const coloured = (dataset: Dataset): Dataset =>
    dataset.classes.every((name) => classes.includes(name))
      ? { ...dataset, palette: dataset.classes.map((name) => PALETTE[classes.indexOf(name)]) }
      : dataset;
  const folder = path.resolve(given.data_root ?? '', given.data_prefix.img_path);
  return annotatedLoader(
    given,
    at,
    async (file, report) => {
      if (given.ann_file === '')
        return { parts: [{ name: 'train', images: imagesAlone(folder), folders: [folder] }], classes };
      const images = await readFiles(filesOf(file, '.txt'), report, async (name, own): Promise<AnnotatedImage> => {
        const annotations = path.join(file, name);
        const stem = name.replace(/\.txt$/i, '');
        const objects = await readObjects(annotations, given.diff_thr, own);
        return { names: [`${stem}.png`, stem], file: annotations, objects, beyond: true, byCorners: true };
      });
      return { parts: [{ name: 'train', images, folders: [folder] }], classes };
    },
    coloured,
  );
}

const dota = <Type extends string>(type: Type, version: string, count: number) =>
  defineModule({
    kind: 'dataset',
    type,
    summary: `DOTA ${version}: aerial images with rotated boxes of ${count} classes`,
    paper: 'Xia et al., DOTA: A Large-scale Dataset for Object Detection in Aerial Images, CVPR 2018',
    shapes: 'a folder of text files and one of images -> images with boxes by four corners [k, 8] and labels [k]',
    example: `{ type: '${type}', data_root: 'data/split_ss_dota/', ann_file: 'trainval/annfiles/', data_prefix: { img_path: 'trainval/images/' } }`,
    options,
    build: (given: Options, context: BuildContext): DatasetLoader => dotaLoader(given, context, count),
  });

export const DOTADataset = dota('DOTADataset', '1.0', 15);
export const DOTAv15Dataset = dota('DOTAv15Dataset', '1.5', 16);
export const DOTAv2Dataset = dota('DOTAv2Dataset', '2.0', 18);

export const YOLOv5DOTADataset = defineModule({
  ...DOTADataset,
  type: 'YOLOv5DOTADataset',
  summary: "MMYOLO's DOTADataset: its transforms may mix several of its images",
  example:
    "{ type: 'YOLOv5DOTADataset', data_root: 'data/split_ss_dota/', ann_file: 'trainval/annfiles/', data_prefix: { img_path: 'trainval/images/' } }",
  options: z.strictObject({ ...options.shape, ...batchShapes }),
  build: (given, context): DatasetLoader => dotaLoader(given, context, 15),
});

export const DOTA_DATASETS = [
  DOTADataset,
  DOTAv15Dataset,
  DOTAv2Dataset,
  YOLOv5DOTADataset,
] as const satisfies readonly AnyDefinition[];
