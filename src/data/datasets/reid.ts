// ReIDDataset: images of one object each, and whose they are. It is read as a detection data set whose images are filled by one box; its
// classes are the identities.

import path from 'node:path';
import { z } from 'zod';
import { defineModule, type ModuleConfig } from '../../catalogue/registry';
import { numberedLines, readText } from '../formats/place';
import { ReadReport } from '../formats/read-report';
import { fileSizes } from '../loading/image-sizes';
import type { DataProblem, Dataset, ImageRecord } from '../types';
import { sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { namesOf } from './metainfo';

const { absent_classes: _, return_classes: __, caption_prompt: ___, filter_cfg: ____, ...shared } = sharedOptions;

const options = z.strictObject({
  ...shared,
  ann_file: z.string().describe('Lines of a file name and the number of the identity in it'),
  data_prefix: z
    .strictObject({ img_path: z.string().nullable().default('') })
    .default({ img_path: '' })
    .describe('img_path: folder of the images'),
  filter_cfg: z.null().default(null).describe('Only null: all images are used'),
  triplet_sampler: z
    .strictObject({
      num_ids: z.int().min(2).default(8).describe('Identities of a batch'),
      ins_per_id: z.int().min(1).default(4).describe('Images of each'),
    })
    .nullable()
    .default(null)
    .describe('In training, images of several identities take the place of each image; null: images alone'),
});

export const ReIDDataset = defineModule({
  kind: 'dataset',
  type: 'ReIDDataset',
  summary: 'Images of one object each, and whose they are, in a list',
  origin: 'MMDetection',
  shapes: 'a list and a folder of images -> images with one identity each',
  example:
    "{ type: 'ReIDDataset', data_root: 'data/MOT17/', ann_file: 'reid/meta/train_80.txt', data_prefix: { img_path: 'reid/imgs' } }",
  options,
  build: (given, { path: at }): DatasetLoader => ({
    pipeline: given.pipeline as ModuleConfig[],
    load: async (asked) => {
      const root = given.data_root ?? '';
      const dataset = await readIdentities(
        path.resolve(root, given.ann_file),
        path.resolve(root, given.data_prefix.img_path ?? ''),
      );
      const names = asked?.classes ?? namesOf(given.metainfo);
      const named = names ? { ...dataset, classes: [...names] } : dataset;
      return usedPart(named, { ...given, return_classes: false, caption_prompt: null }, at);
    },
  }),
});

async function readIdentities(file: string, folder: string): Promise<Dataset> {
  const report = new ReadReport(file);
  const problems: DataProblem[] = [];
  const lines = numberedLines(await readText(file, report)).flatMap(({ line, number }) => {
    const [, name, identity] = /^(.+)\s(\d+)$/.exec(line.trim()) ?? [];
    if (name !== undefined) return [{ path: path.resolve(folder, name), id: number, identity: Number(identity) }];
    const message = `Line ${number} of "${file}" is "${line}": expected a file name and the number of an identity; skipped`;
    problems.push({ kind: 'bad-annotation', file, id: number, message, lost: 'image' });
    return [];
  });
  const sizes = await fileSizes(lines, problems);
  const records = lines.flatMap(({ path: image, id, identity }, i): ImageRecord[] => {
    const size = sizes[i];
    if (!size) return [];
    const truths = {
      bboxes: Float32Array.of(0, 0, size.width, size.height),
      labels: Int32Array.of(identity),
      ignored: new Uint8Array(1),
    };
    const areas = Float32Array.of(size.width * size.height);
    return [{ id, path: image, ...size, truths, areas, annotationIds: [id] }];
  });
  const count = records.reduce((most, { truths }) => Math.max(most, truths.labels[0] + 1), 0);
  const classes = Array.from({ length: count }, (_, i) => `identity ${i}`);
  const name = path.basename(file, path.extname(file));
  return { name, classes, records, problems: [...report.problems, ...problems] };
}
